"""One QEMU at a time: started on a free port, waited for, ended with its whole process group."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from hostkit.boards import slip
from hostkit.boards.qemu.record import read_record, write_record
from hostkit.clock import Clock
from hostkit.errors import InconclusiveError, ToolError
from hostkit.files import disk_error
from hostkit.process import Command, end_group, start

UP_S = 15.0
"""How long QEMU may take until it listens; on an idle machine a tenth of a second."""

SYNC_S = 5.0
"""How long the ROM may take to answer in download mode."""

_ATTEMPTS = 3  # another process may take the port between choosing and binding it
_POLL_S = 0.02
_HOST = "127.0.0.1"
# The ROM's SYNC command (esptool documentation, "Serial Protocol"): direction, op, size, checksum, data.
_SYNC = slip.encode(b"\x00\x08\x24\x00\x00\x00\x00\x00\x07\x07\x12\x20" + 32 * b"\x55")
_SYNC_REPLY = b"\x01\x08"


class QemuProcess:
    """The process behind a board. Lives as long as the thread that started it, at most.

    Whoever holds the board's lease may have started it: one that runs already is found by its record, and
    ended before another is started, as two on one flash file would destroy it.
    """

    def __init__(self, clock: Clock, directory: Path) -> None:
        """Start nothing yet; QEMU's own words go to ``qemu.log`` of the board's live directory."""
        self._clock = clock
        self._errors = directory / "qemu.log"
        self._record = directory / "qemu.json"
        self._child: subprocess.Popen[bytes] | None = None
        self.port = 0

    def find(self) -> bool:
        """Return True, and set :attr:`port`, when somebody else with the same lease runs the board."""
        other = None if self.started else read_record(self._record)
        if other is not None:
            self.port = other.port
        return other is not None

    @property
    def started(self) -> bool:
        """True once :meth:`run` was called and :meth:`end` was not, even if QEMU ended since."""
        return self._child is not None

    @property
    def alive(self) -> bool:
        """True while QEMU runs."""
        return self._child is not None and self._child.poll() is None

    def run(self, argv_for: Callable[[int], tuple[str, ...]]) -> None:
        """End what runs, start anew and return when UART0 can be connected to at :attr:`port`.

        ``argv_for`` gives the command line for a port. The port of before is used again where it is free.
        Raises :class:`MissingToolError` for a program that cannot be run, :class:`ToolError` with QEMU's
        words when it ends at once, :class:`InconclusiveError` when it does not listen in time.
        """
        for attempt in range(_ATTEMPTS):
            self.end_any()
            self.port = _free_port(self.port)
            self._start(argv_for(self.port))
            try:
                self._await()
            except ToolError:
                if attempt + 1 == _ATTEMPTS or "in use" not in self.words():
                    self.end()
                    raise
            except BaseException:
                self.end()
                raise
            else:
                return

    def answers_sync(self) -> bool:
        """True when a ROM loader answers at the port; what it says is thrown away."""
        deadline_ns = self._clock.monotonic_ns() + round(SYNC_S * 1e9)
        with suppress(OSError), socket.create_connection((_HOST, self.port), 1.0) as connection:
            connection.settimeout(0.1)
            decoder = slip.Decoder()
            while self.alive and self._clock.monotonic_ns() < deadline_ns:
                connection.sendall(_SYNC)
                with suppress(TimeoutError):
                    if any(packet.startswith(_SYNC_REPLY) for packet in decoder.feed(connection.recv(4096))):
                        return True
        return False

    def words(self) -> str:
        """Return the end of what QEMU said on standard output and standard error."""
        try:
            return self._errors.read_text(errors="replace").strip()[-400:]
        except OSError:
            return ""

    def end(self) -> None:
        """End the process group that this object started; a second call does nothing."""
        child, self._child = self._child, None
        if child is not None:
            end_group(child)

    def end_any(self) -> None:
        """End whichever process runs the board."""
        self.end()
        if (other := read_record(self._record)) is not None:
            other.end()

    def _start(self, argv: tuple[str, ...]) -> None:
        try:
            self._errors.parent.mkdir(parents=True, exist_ok=True)
            with self._errors.open("wb") as errors:
                self._child = start(Command(argv), stdout=errors, stderr=subprocess.STDOUT)
            write_record(self._record, self._child.pid, self.port)
        except OSError as error:
            raise disk_error(error, self._errors) from error

    def _await(self) -> None:
        deadline_ns = self._clock.monotonic_ns() + round(UP_S * 1e9)
        while self._clock.monotonic_ns() < deadline_ns:
            if not self.alive:
                raise ToolError(
                    f"QEMU ended at once: {self.words() or 'it said nothing'}",
                    hint="boards of kind qemu need Espressif's QEMU; that of a distribution has no ESP32",
                )
            with suppress(OSError), socket.create_connection((_HOST, self.port), 1.0):
                return
            self._clock.sleep(_POLL_S)
        raise InconclusiveError(
            f"QEMU did not offer its UART on port {self.port} within {UP_S:.0f} s",
            hint=f"see {self._errors}",
        )


def _free_port(wanted: int) -> int:
    """Return a TCP port that was free just now: ``wanted`` if it can be."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind((_HOST, port))
                return int(probe.getsockname()[1])
    raise ToolError("no TCP port of this machine is free", hint="end what uses them")
