"""A board that is a QEMU process on a flash file. Lives from first use to close."""

from __future__ import annotations

from pathlib import Path
from shutil import which

from hostkit.boards.model import BoardSpec, FlashAccess
from hostkit.boards.qemu.command import FLASH_SIZES, Boot, Files, program_name, qemu_argv
from hostkit.boards.qemu.efuse import efuse_content
from hostkit.boards.qemu.process import QemuProcess
from hostkit.clock import Clock
from hostkit.errors import InconclusiveError, UsageError
from hostkit.files import atomic_write, disk_error

_BAUD = 115_200  # a socket has no speed; a change of it would only cost esptool time
_BLANK = b"\xff" * (1 << 20)


def find_qemu(spec: BoardSpec) -> str:
    """Return the program: ``qemu`` of boards.toml, else the one on PATH.

    Raises :class:`InconclusiveError` when it is not there: a board that is absent is nobody's fault.
    """
    wanted = spec.qemu or program_name(spec.chip)
    found = which(wanted)
    if found is None:
        raise InconclusiveError(
            f"board {spec.name} is not there: no {wanted}",
            hint="install Espressif's QEMU (idf_tools.py install qemu-xtensa qemu-riscv32), "
            "or name it in boards.toml: qemu = '/path/to/it'",
        )
    return found


def qemu_words(spec: BoardSpec) -> str:
    """Return for people whether the program is there."""
    try:
        return f"at {find_qemu(spec)}"
    except InconclusiveError:
        return f"absent: no {spec.qemu or program_name(spec.chip)}"


class QemuBoard:
    """Implements :class:`hostkit.boards.model.Board`. A reset is a new process on the same flash file.

    Where the chip's ROM does not answer in download mode (an older QEMU), the flash file itself is handed
    out instead, with no process on it.
    """

    def __init__(self, spec: BoardSpec, directory: Path, clock: Clock) -> None:
        """Name the board and its live directory (``<state>/boards/<name>``); nothing is started yet.

        Raises :class:`UsageError` for a flash size that QEMU does not model.
        """
        if spec.flash_size not in FLASH_SIZES:
            raise UsageError(
                f"QEMU has no {spec.flash_size} bytes of flash, as board {spec.name} asks",
                hint="flash_size must be '2MB', '4MB', '8MB' or '16MB'",
            )
        self._spec = spec
        self._files = Files(directory / "flash.bin", directory / "efuse.bin" if spec.mac else None)
        self._process = QemuProcess(clock, directory)
        self._downloads = True  # until it turns out otherwise

    @property
    def spec(self) -> BoardSpec:
        """What ``boards.toml`` says of it."""
        return self._spec

    def link_port(self) -> str:
        """Return the URL of UART0, starting the board if nobody did yet.

        Raises :class:`InconclusiveError` when QEMU is not there, or ended by itself.
        """
        find_qemu(self._spec)
        if not self._process.started and not self._process.find():
            self._boot(Boot.APPLICATION)
        if self._process.started and not self._process.alive:
            raise InconclusiveError(
                f"the QEMU of board {self._spec.name} ended by itself: {self._process.words() or 'no word'}",
                hint="reset the board; if it ends again, run it by hand",
            )
        return f"socket://127.0.0.1:{self._process.port}"

    def enter_download(self) -> FlashAccess:
        """Start the ROM loader and say how esptool connects, or hand out the flash file."""
        if self._downloads:
            self._boot(Boot.DOWNLOAD)
            if self._process.answers_sync():
                port = self.link_port()
                return FlashAccess(port, _BAUD, before="no-reset", after="no-reset", stub=False)
            self._downloads = False
        find_qemu(self._spec)
        self._process.end_any()
        self._prepare()
        return FlashAccess("", _BAUD, before="no-reset", after="no-reset", file=self._files.flash)

    def run_application(self) -> None:
        """Start anew into what the flash file holds."""
        self._boot(Boot.APPLICATION)

    def close(self) -> None:
        """End QEMU if this object started it; the flash file stays."""
        self._process.end()

    def _boot(self, boot: Boot) -> None:
        program = find_qemu(self._spec)
        self._process.end_any()
        self._prepare()
        self._process.run(lambda port: qemu_argv(program, self._spec.chip, self._files, port, boot))

    def _prepare(self) -> None:
        """Make the files that are not there yet: QEMU takes them as they are."""
        flash, size = self._files.flash, self._spec.flash_size
        try:
            found = flash.stat().st_size if flash.exists() else 0
        except OSError as error:
            raise disk_error(error, flash) from error
        if found not in (0, size):
            raise UsageError(
                f"{flash} has {found} bytes, board {self._spec.name} has {size} bytes of flash",
                hint="delete that file to start with blank flash, or correct flash_size in boards.toml",
            )
        if not found:
            atomic_write(flash, _BLANK * (size >> 20), durable=False)
        if self._files.efuse is not None:
            atomic_write(self._files.efuse, efuse_content(self._spec.chip, self._spec.mac), durable=False)
