"""Which ELF file a crash text belongs to: artifacts are named by the digits that it prints."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from hostkit.errors import HostkitError
from hostkit.link.crash.decode import Crash, decode
from hostkit.link.crash.model import CrashReport
from hostkit.link.crash.places import Locator
from hostkit.process import Runner

ELF, MANIFEST = "firmware.elf", "manifest.json"
_NAMED = 16  # digits of the build id in an artifact's name
_LEAST = 7  # digits that name a firmware: ESP-IDF prints 9 or 16


def find_elf(artifacts: Path, digits: str) -> Path | None:
    """Return the ELF file of an artifact by its build id, or by the SHA-256 of the file; None if unknown.

    ``digits``: the first hex digits, seven at least; hostkit's own ports print those of the build id where
    ESP-IDF prints those of the file.
    """
    if len(digits) < _LEAST or not artifacts.is_dir():
        return None
    found = next(artifacts.glob(f"*-{digits[:_NAMED]}*/{ELF}"), None)
    return found if found is not None else _by_hash(artifacts, digits)


def _by_hash(artifacts: Path, digits: str) -> Path | None:
    for manifest in artifacts.glob(f"*/{MANIFEST}"):
        try:
            entry = json.loads(manifest.read_bytes())["files"][ELF]["sha256"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if str(entry).startswith(digits):
            return manifest.with_name(ELF)
    return None


class CrashDecoder:
    """Decodes reports with the artifacts of this machine; each file is read once.

    Reading one takes some tenths of a second, so nothing is read before a board crashed. Never raises: a
    crash that cannot be decoded is shown as it is.
    """

    def __init__(self, artifacts: Path, *, program: str = "", runner: Runner | None = None) -> None:
        """Look in ``artifacts``; ``program``: an ``addr2line`` to be asked by ``runner`` instead."""
        self._artifacts = artifacts
        self._program = program
        self._runner = runner
        self._locators: dict[Path, Locator | None] = {}

    def decode(self, report: CrashReport, *, elf: Path | None = None, build: str = "") -> Crash:
        """Return the report with places.

        ``elf``: a file that the caller insists on. Otherwise the firmware that the text names is the one
        that crashed; ``build`` (a build id) is what the board was known to run, where the text names none.
        """
        if not report.addresses:
            return decode(report, None)
        path = elf or find_elf(self._artifacts, report.elf or build)
        try:
            return decode(report, self._locator(path))
        except HostkitError:
            return decode(report, None)

    def decode_all(
        self, reports: Iterable[CrashReport], *, elf: Path | None = None, build: str = ""
    ) -> tuple[Crash, ...]:
        """Decode several."""
        return tuple(self.decode(report, elf=elf, build=build) for report in reports)

    def _locator(self, path: Path | None) -> Locator | None:
        if path is None:
            return None
        if path not in self._locators:
            self._locators[path] = self._open(path)
        return self._locators[path]

    def _open(self, path: Path) -> Locator | None:
        # Only after a crash: pyelftools takes 40 ms to import.
        from hostkit.link.crash.addr2line import Addr2lineLocator  # noqa: PLC0415
        from hostkit.link.crash.elf import ElfLocator  # noqa: PLC0415

        try:
            if self._program and self._runner is not None:
                return Addr2lineLocator(self._program, path, self._runner)
            return ElfLocator(path)
        except HostkitError:
            return None
