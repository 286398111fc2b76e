"""What a served board says of itself: its file, its control socket, and a client for both."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hostkit.boards.lease import BusyError
from hostkit.errors import HostkitError, InconclusiveError, InvalidError, ToolError, UsageError
from hostkit.files import atomic_write, pretty_json, short_path
from hostkit.process import boot_id, process_start_ticks

RECORD = "board.json"
SOCKET = "control.sock"
LONGEST_LINE = 1 << 16
"""Bytes of one line on the control socket, either way."""

_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class ServedBoard:
    """``board.json``: who serves a board, and where. Ports are as they were when it was written."""

    name: str
    chip: str
    mac: str
    flash_size: int
    pid: int
    start_ticks: int
    boot: str
    port: str  # stable symlink to the pty
    rfc2217: str  # pyserial URL
    serial: str  # USB serial number
    paced: bool  # bytes take as long as the baud rate says

    @property
    def alive(self) -> bool:
        """True while exactly the process that wrote this runs."""
        return self.boot == boot_id() and process_start_ticks(self.pid) == self.start_ticks


@dataclass(frozen=True, slots=True)
class BoardState:
    """What a served board answers on its control socket.

    ``mode``: off, unplugged, in-reset, download, running, hung or boot-loop. ``reason``: of the last
    reset, in link.cddl's words. ``faults``: what is wrong with the line. ``pty``: the device behind
    ``port`` now, empty while unplugged. ``flash``: hex SHA-256 of the whole chip. ``problem``: what the
    machine could not do for the board (disk full), else empty. ``lost``: bytes that the application did not
    take in time.
    """

    name: str
    chip: str
    mac: str
    serial: str
    mode: str
    stub: bool
    resets: int
    reason: str
    port: str
    pty: str
    rfc2217: str
    flash_size: int
    flash: str
    pid: int
    paced: bool
    lost: int
    problem: str
    faults: Mapping[str, float] = field(default_factory=dict)


def write_record(directory: Path, board: ServedBoard) -> Path:
    """Write ``board.json`` and return its path. Raises :class:`ToolError` when the disk refuses."""
    path = directory / RECORD
    atomic_write(path, pretty_json(asdict(board)), durable=False)
    return path


def read_record(directory: Path) -> ServedBoard | None:
    """Return the board that is served from a directory, or None: never served, or its server is dead."""
    try:
        raw: Any = json.loads((directory / RECORD).read_bytes())
        board = ServedBoard(**raw)
    except (OSError, ValueError, TypeError):
        return None
    return board if board.alive else None


_ERRORS: dict[str, type[HostkitError]] = {
    "busy": BusyError,
    "usage": UsageError,
    "invalid": InvalidError,
    "inconclusive": InconclusiveError,
    "tool": ToolError,
}


def error_word(error: HostkitError) -> str:
    """Return how an error is named on the control socket."""
    return next((word for word, kind in _ERRORS.items() if isinstance(error, kind)), "tool")


def error_from(answer: Mapping[str, Any]) -> HostkitError:
    """Return the error that an answer (``ok`` false) tells of."""
    kind = _ERRORS.get(str(answer.get("kind")), ToolError)
    return kind(str(answer.get("error")), hint=str(answer.get("hint", "")))


class ControlClient:
    """Asks a served board. Every call opens the socket anew: a board may be served again between two."""

    def __init__(self, directory: Path) -> None:
        """Name the live directory of a board (``<state>/boards/<name>``)."""
        self.directory = directory

    def state(self) -> BoardState:
        """Return the board's state. Raises :class:`InconclusiveError` when nobody serves it."""
        answer = self._ask({"op": "state"})
        try:
            return BoardState(**answer["state"])
        except (KeyError, TypeError) as error:
            raise InconclusiveError(
                f"board {self.directory.name} is served by another version of hostkit",
                hint="end its server and serve it again",
            ) from error

    def reset(self, *, download: bool) -> None:
        """Press the reset button, holding the boot button for ``download``. It is done on return."""
        self._ask({"op": "reset", "download": download})

    def fault(self, fault: str, amount: float | None = None) -> None:
        """Make something go wrong; see :func:`hostkit.boards.virtual.faults.parse_fault`."""
        self._ask({"op": "fault", "fault": fault, "amount": amount})

    def stop(self) -> None:
        """End the server; flash is saved before it answers."""
        self._ask({"op": "stop"})

    def _ask(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        path = self.directory / SOCKET
        try:
            line = self._exchange(path, json.dumps(request).encode() + b"\n")
        except TimeoutError as error:
            raise InconclusiveError(
                f"board {self.directory.name} did not answer within {_TIMEOUT_S:g} s on its control socket",
                hint="end its server and serve it again",
            ) from error
        except OSError as error:
            raise InconclusiveError(
                f"board {self.directory.name} is not served: {error.strerror or error}",
                hint=f"say: hostkit boards serve {self.directory.name}",
            ) from error
        return self._answer(line)

    def _exchange(self, path: Path, line: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection, short_path(path) as name:
            connection.settimeout(_TIMEOUT_S)
            connection.connect(name)
            connection.sendall(line)
            answer = bytearray()
            while not answer.endswith(b"\n") and len(answer) < LONGEST_LINE:
                piece = connection.recv(LONGEST_LINE)
                if not piece:
                    break
                answer += piece
            return bytes(answer)

    def _answer(self, line: bytes) -> Mapping[str, Any]:
        answer: Any = None
        with suppress(ValueError):
            answer = json.loads(line)
        if not isinstance(answer, dict):
            raise InconclusiveError(
                f"the server of board {self.directory.name} ended while it was asked", hint="serve it again"
            )
        if not answer.get("ok"):
            hint = str(answer.get("hint", "")).replace(" NAME ", f" {self.directory.name} ")
            raise error_from({**answer, "hint": hint})  # the machine does not know what its board is called
        return answer
