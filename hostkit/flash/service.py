"""Artifact to board: refuse, write, read back, boot, ask. Nothing is called done before the board says it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

from hostkit.boards.model import Board, FlashAccess
from hostkit.boards.partitions import Partition
from hostkit.build.model import Artifact
from hostkit.errors import HostkitError, InconclusiveError, InvalidError
from hostkit.flash.approach import Approach, Inspector, Written, choose
from hostkit.flash.esptool import Esptool, EsptoolInspector
from hostkit.flash.file import FileFlasher
from hostkit.flash.memory import Remembered
from hostkit.flash.model import Bench, ChipIdentity, FlashRecord, ReadBackBy, Stage, Way
from hostkit.flash.plan import refuse_artifact, refuse_chip
from hostkit.flash.rom import RomClient, RomInspector
from hostkit.flash.storage import storage_partitions
from hostkit.flash.verify import (
    refuse_answer,
    refuse_broken_files,
    refuse_firmware,
    refuse_regions,
    region_records,
)
from hostkit.link.bodies import Identity
from hostkit.link.challenge import Challenge
from hostkit.link.client import Link
from hostkit.link.crash.blame import crash_error
from hostkit.link.crash.decode import decode
from hostkit.link.crash.stream import find_crashes
from hostkit.link.errors import PortBusyError
from hostkit.link.proof import ask_challenge
from hostkit.link.transport import Transport, open_transport

NO_RESET = "no-reset"
"""``FlashAccess.before`` of boards whose boot mode hostkit controls: the ROM loader already runs."""

NO_SYNC = "no-reset-no-sync"
"""``FlashAccess.before`` when the ROM loader was set to ``FlashAccess.baud`` already."""

_ROM_BAUD = 115_200  # the ROM loader measures the rate of the first bytes; this one always works
_PORT_POLL_S = 0.05
_CRASHED = ("panic", "watchdog")  # reset reasons of firmware that did not come up at its first try

Opener = Callable[[str, int], Transport]


class Writer(Protocol):
    """Changes a chip's flash."""

    def write(self, artifact: Artifact, access: FlashAccess, base: Artifact | None = None) -> Written:
        """Write every region, or the sectors that differ from ``base``, which the chip holds."""
        ...

    def erase(self, partition: Partition, access: FlashAccess) -> None:
        """Erase one partition."""
        ...


def open_port(port: str, baud: int) -> Transport:
    """Open a real port."""
    return open_transport(port, baud=baud)


def flash_artifact(
    artifact: Artifact,
    board: Board,
    bench: Bench,
    *,
    quick: bool = False,
    erase_nvs: bool = False,
    opener: Opener = open_port,
) -> FlashRecord:
    """Write an artifact to a board and prove that the board runs it.

    Before anything is written: another chip, MAC or flash size, an image too large, a damaged artifact raise
    :class:`InvalidError`. With ``quick`` nothing is written when the flash holds every region already, and
    only the sectors that differ when it holds, by its own MD5, what ``bench.memory`` knows of this board.
    What the device stored is kept, unless ``erase_nvs`` asks for an erase before the write.
    Raises :class:`InconclusiveError` when the board does not answer in time, :class:`ToolError` when esptool
    or the flash fails, :class:`InvalidError` when the firmware that boots is not the artifact, and
    :class:`FirmwareCrashError` when it crashes instead of booting.
    """
    refuse_artifact(artifact, board.spec)
    refuse_broken_files(artifact)
    stored = storage_partitions(artifact) if erase_nvs else ()
    return _Flashing(artifact, board, bench, opener, Esptool(bench, board.spec), stored).run(quick)


@dataclass(slots=True)
class _Flashing:
    artifact: Artifact
    board: Board
    bench: Bench
    opener: Opener
    tool: Esptool
    doomed: tuple[Partition, ...]

    def run(self, quick: bool) -> FlashRecord:
        began_ns = self.bench.clock.monotonic_ns()
        chip, approach, by = self._inspect(quick)
        for partition in self.doomed:
            self.bench.tell(Stage.ERASE, 0.0, partition.name)
            access = self.board.enter_download()
            self._writer(access).erase(partition, access)
        approach, written = self._write(approach)
        self.bench.tell(Stage.VERIFY, 0.0)
        access = self.board.enter_download()
        with self._inspector(access) as inspector:
            read = inspector.read_back(self.artifact)
        regions = region_records(self.artifact, read)
        refuse_regions(regions, self.board.spec.name)
        if self.bench.memory is not None:
            self.bench.memory.done(self.board.spec.identity, self.artifact)
        self.bench.tell(Stage.BOOT, 0.0)
        said, challenge = self._boot(stays=by is ReadBackBy.ROM and "://" not in access.port)
        refuse_firmware(said, self.artifact, chip)
        refuse_answer(challenge, said)
        self.bench.tell(Stage.BOOT, 1.0)
        return FlashRecord(
            board=self.board.spec.name,
            port=self.board.link_port(),
            identity=chip,
            env=self.artifact.env,
            build_id=self.artifact.build_id,
            bytes=written,
            seconds=(self.bench.clock.monotonic_ns() - began_ns) / 1e9,
            regions=regions,
            read_back_by=by,
            esptool=self.tool.version,
            log=self.bench.log,
            skipped=approach.way is Way.SKIPPED,
            nonce=said.nonce,
            erased=tuple(partition.name for partition in self.doomed),
            challenge=challenge,
            way=approach.way,
            why=approach.why,
        )

    def _write(self, approach: Approach) -> tuple[Approach, int]:
        """Return the way it went in the end, and how many bytes were written."""
        if approach.way is Way.SKIPPED:
            return approach, 0
        self.bench.tell(Stage.WRITE, 0.0)
        if self.bench.memory is not None:
            self.bench.memory.begin(self.board.spec.identity, self.artifact)
        access = self._hasten(self.board.enter_download())
        written = self._writer(access).write(self.artifact, access, approach.base)
        if written.whole and approach.base is not None:
            approach = Approach(Way.FULL, "the sectors that differ did not give the right content")
        return approach, written.bytes

    def _hasten(self, access: FlashAccess) -> FlashAccess:
        """Set the ROM loader to the speed of the write: esptool alone sends its stub at the slowest one."""
        if access.file is not None or access.before != NO_RESET or access.baud <= _ROM_BAUD:
            return access
        transport = self.opener(access.port, _ROM_BAUD)
        try:
            client = RomClient(transport, self.bench.clock)
            client.connect(self.bench.time_outs.identify)
            client.change_baud(access.baud)
        finally:
            transport.close()
        return replace(access, before=NO_SYNC)

    def _inspect(self, quick: bool) -> tuple[ChipIdentity, Approach, ReadBackBy]:
        """Ask who is there and refuse the wrong one, which is then left to run what it ran."""
        self.bench.tell(Stage.IDENTIFY, 0.0)
        access = self.board.enter_download()
        with self._inspector(access) as inspector:
            chip = inspector.identify()
            try:
                refuse_chip(chip, self.board.spec, access.port)
            except InvalidError:
                self.board.run_application()
                raise
            if not quick:
                return chip, Approach(Way.FULL, "asked for"), inspector.by
            memory = self.bench.memory
            known = Remembered() if memory is None else memory.recall(self.board.spec.identity)
            return chip, choose(inspector, self.artifact, known), inspector.by

    def _writer(self, access: FlashAccess) -> Writer:
        return self.tool if access.file is None else FileFlasher(access.file, self.board.spec)

    @contextmanager
    def _inspector(self, access: FlashAccess) -> Iterator[Inspector]:
        if access.file is not None:
            yield FileFlasher(access.file, self.board.spec)
            return
        if access.before != NO_RESET:
            yield EsptoolInspector(self.tool, access)
            return
        transport = self.opener(access.port, _ROM_BAUD)
        try:
            client = RomClient(transport, self.bench.clock)
            client.connect(self.bench.time_outs.identify)
            yield RomInspector(client)
        finally:
            transport.close()

    def _boot(self, stays: bool) -> tuple[Identity, Challenge | None]:
        """Start the firmware, hear it out and ask it what no recording can answer.

        A port that ``stays`` through the reset is opened before it, so that no boot text is missed.
        """
        limit_s = self.bench.time_outs.boot
        opened = self._link_transport(limit_s) if stays else None
        try:
            self.board.run_application()
            opened = opened or self._link_transport(limit_s)
            link = Link(opened, self.bench.clock, transcript=self.bench.transcript)
            return self._hear(link, limit_s)
        finally:
            if opened is not None:
                opened.close()

    def _hear(self, link: Link, limit_s: float) -> tuple[Identity, Challenge | None]:
        """Wait for the firmware's word. A crash is a better reason than silence, and none for success."""
        try:
            said = link.wait_ready(limit_s)
            crash = self._crash(link) if said.reset in _CRASHED else None
            if crash is not None:
                raise crash
            return said, ask_challenge(link, self.bench.draw)
        except InconclusiveError as error:
            raise self._crash(link) or error from None

    def _crash(self, link: Link) -> HostkitError | None:
        reports = find_crashes(link.text.encode())
        decoder = self.bench.crashes
        if decoder is None:
            return crash_error(decode(report, None) for report in reports)
        return crash_error(decoder.decode_all(reports, build=self.artifact.build_id))

    def _link_transport(self, limit_s: float) -> Transport:
        """Open the port where the firmware talks; a USB port goes away and comes back at a reset."""
        clock = self.bench.clock
        deadline_ns = clock.monotonic_ns() + round(limit_s * 1e9)
        while True:
            try:
                return self.opener(self.board.link_port(), _ROM_BAUD)
            except InconclusiveError as error:
                if isinstance(error, PortBusyError) or clock.monotonic_ns() >= deadline_ns:
                    raise
                clock.sleep(_PORT_POLL_S)
