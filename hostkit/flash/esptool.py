"""Runs esptool as a program: it is GPL, so it is never imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hostkit.boards.model import BoardSpec, FlashAccess
from hostkit.boards.partitions import Partition
from hostkit.build.model import Artifact
from hostkit.errors import HostkitError, InconclusiveError, InvalidError, ToolError
from hostkit.files import atomic_write
from hostkit.flash.approach import Written, changed_regions
from hostkit.flash.model import Bench, ChipIdentity, ReadBackBy, Stage
from hostkit.flash.output import EsptoolFacts, ProgressReader, Trouble, last_lines, parse_output
from hostkit.flash.plan import erase_argv, identify_argv, verify_argv, write_argv, write_time_out_s
from hostkit.holders import find_holder
from hostkit.interpreter import installed_only
from hostkit.link.errors import PortBusyError, PortGoneError
from hostkit.process import Command

_NOT_FOR_ESPTOOL = ("FORCE_COLOR", "CLICOLOR_FORCE", "ESPRESSIF_IDE_WS")
_RFC2217_PATIENCE = 10.0
"""Time-outs grow by this: pyserial's RFC 2217 client sleeps 50 ms for every setting that esptool changes."""


def clean_environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which esptool's options come from its command line and output is plain."""
    kept = {
        name: value
        for name, value in inherited.items()
        if name not in _NOT_FOR_ESPTOOL and not name.startswith("ESPTOOL_")
    }
    return installed_only(kept) | {
        "NO_COLOR": "1",
        "COLUMNS": "200",
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
    }


@dataclass(slots=True)
class Esptool:
    """esptool for one board. All output of its runs is kept, and written to the bench's log at each end."""

    bench: Bench
    spec: BoardSpec
    python: str = sys.executable
    version: str = ""
    _outputs: list[str] = field(default_factory=list)

    def identify(self, access: FlashAccess) -> ChipIdentity:
        """Ask for chip, MAC and flash size with flash-id; nothing is written."""
        argv = identify_argv(self.python, self.spec.chip, access)
        facts = self._run(argv, access, Stage.IDENTIFY, self.bench.time_outs.identify)
        if facts.chip is None or not facts.mac or not facts.flash_size:
            raise InvalidError(
                f"esptool did not say chip, MAC and flash size of the board on {access.port}",
                hint=self._hint(),
            )
        return ChipIdentity(facts.chip, facts.mac, facts.flash_size)

    def write(self, artifact: Artifact, access: FlashAccess, base: Artifact | None = None) -> Written:
        """Write every region in one run; done only if esptool exits 0 *and* verified each region's hash.

        ``base``: an artifact that the chip holds. Then only sectors that differ from it are written; esptool
        compares the MD5 of each region afterwards, and writes one whole whose content was another.
        """
        if base is not None:
            artifact = changed_regions(artifact, base)
        reader = ProgressReader(artifact.images)

        def follow(piece: str) -> None:
            fraction = reader.feed(piece)
            if fraction is not None:
                self.bench.tell(Stage.WRITE, fraction)

        limit = self.bench.time_outs.write or write_time_out_s(artifact, access.baud)
        argv = write_argv(self.python, artifact, self.spec.chip, access, base)
        facts = self._run(argv, access, Stage.WRITE, limit, follow)
        if facts.verified != len(artifact.images):
            raise ToolError(
                f"esptool verified {facts.verified} of {len(artifact.images)} regions on {access.port}",
                hint=self._hint(),
            )
        self.bench.tell(Stage.WRITE, 1.0)
        if base is None:
            return Written(sum(image.size for image in artifact.images), whole=True)
        return Written(facts.wrote, whole=facts.reflashed)

    def erase(self, partition: Partition, access: FlashAccess) -> None:
        """Erase one partition; done only if esptool exits 0 and says so."""
        argv = erase_argv(self.python, partition, self.spec.chip, access)
        facts = self._run(argv, access, Stage.ERASE, self.bench.time_outs.verify)
        if facts.erased != 1:
            raise ToolError(
                f"esptool did not say that it erased {partition.name} on {access.port}", hint=self._hint()
            )

    def verify(self, artifact: Artifact, access: FlashAccess) -> None:
        """Compare every region with its file, on a new connection."""
        argv = verify_argv(self.python, artifact, self.spec.chip, access)
        facts = self._run(argv, access, Stage.VERIFY, self.bench.time_outs.verify)
        if facts.matched != len(artifact.images):
            raise ToolError(
                f"esptool found {facts.matched} of {len(artifact.images)} regions equal on {access.port}",
                hint=self._hint(),
            )

    def _run(
        self,
        argv: tuple[str, ...],
        access: FlashAccess,
        stage: Stage,
        limit_s: float,
        follow: Callable[[str], None] | None = None,
    ) -> EsptoolFacts:
        pieces: list[str] = []
        if access.port.startswith("rfc2217://"):
            limit_s *= _RFC2217_PATIENCE

        def collect(piece: str) -> None:
            pieces.append(piece)
            if follow is not None:
                follow(piece)

        try:
            command = Command(argv, env=clean_environment(os.environ), timeout_s=limit_s)
            finished = self.bench.runner.run(command, on_text=collect)
        finally:
            self._keep(argv, "".join(pieces))
        facts = parse_output(finished.output)
        self.version = facts.version or self.version
        if finished.timed_out:
            raise InconclusiveError(
                f"esptool did not finish to {stage.value} {self.spec.name} on {access.port} "
                f"within {limit_s:.0f} s",
                hint="look at the cable and the board's supply, then flash again",
            )
        if finished.returncode != 0:
            raise self._failure(facts, access, finished.returncode)
        return facts

    def _failure(self, facts: EsptoolFacts, access: FlashAccess, returncode: int) -> HostkitError:
        said = facts.fatal or last_lines("".join(self._outputs[-1:]))
        if "No module named esptool" in said:
            return ToolError("esptool is not installed", hint="pip install 'esptool>=5.1,<6'")
        if facts.trouble is Trouble.PORT:
            return _port_error(access.port)
        if facts.trouble is Trouble.WRONG_CHIP:
            return InvalidError(
                f"the board on {access.port} is no {self.spec.chip.value}: {said}",
                hint="look which board is on this port, or correct boards.toml",
            )
        if facts.trouble in (Trouble.SILENT, Trouble.LOST):
            return InconclusiveError(
                f"{self.spec.name} on {access.port} did not answer esptool: {said}",
                hint="hold BOOT while it connects, or look at the cable and the supply",
            )
        return ToolError(f"esptool failed on {access.port} (exit {returncode}): {said}", hint=self._hint())

    def _keep(self, argv: tuple[str, ...], output: str) -> None:
        self._outputs.append(f"$ {' '.join(argv)}\n{output}\n")
        if self.bench.log is not None:
            atomic_write(self.bench.log, "".join(self._outputs).encode(), durable=False)

    def _hint(self) -> str:
        return f"see {self.bench.log}" if self.bench.log else "flash again; if it stays, try another cable"


@dataclass(frozen=True, slots=True)
class EsptoolInspector:
    """Identity and read-back through esptool, for boards that esptool resets by DTR and RTS."""

    tool: Esptool
    access: FlashAccess
    by: ReadBackBy = ReadBackBy.ESPTOOL

    def identify(self) -> ChipIdentity:
        """Return what the chip says of itself."""
        return self.tool.identify(self.access)

    def read_back(self, artifact: Artifact) -> tuple[str, ...]:
        """Return each region's MD5: verify-flash raises unless the chip's own MD5 equals the file's."""
        self.tool.verify(artifact, self.access)
        return tuple(image.md5 for image in artifact.images)


def _port_error(port: str) -> PortBusyError | PortGoneError:
    holder = find_holder(Path(port))
    if holder is not None:
        return PortBusyError(port, holder.pid, holder.command)
    return PortGoneError(
        f"esptool cannot open {port}", hint="look at the cable, or at `hostkit boards list` for its new name"
    )
