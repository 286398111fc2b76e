"""A virtual board as hostkit uses it: attaches to the server of its name, or starts one for its own time."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from hostkit.boards.lease import BusyError
from hostkit.boards.model import BoardSpec, FlashAccess, Kind
from hostkit.boards.served import BoardState, ControlClient, ServedBoard, error_from, read_record
from hostkit.boards.virtual.serve import spec_to_json
from hostkit.boards.virtual.server import ServeSpec
from hostkit.errors import InconclusiveError, InvalidError, ToolError
from hostkit.files import disk_error
from hostkit.interpreter import installed_only, module_argv
from hostkit.process import Command, end_group, start

_START_S = 15.0
_STOP_S = 5.0
_UNPACED_BAUD = 115_200  # what a loader starts with: a change of speed costs esptool time and wins nothing


def serve_spec(spec: BoardSpec) -> ServeSpec:
    """Return what to serve for a board of the catalog that is not a real one."""
    simulated = spec.kind is Kind.SIMULATED
    return ServeSpec(spec.name, spec.chip, spec.mac, spec.flash_size, simulated=simulated)


class VirtualBoard:
    """Implements :class:`hostkit.boards.model.Board`; :meth:`state` and :meth:`fault` are its own."""

    def __init__(self, spec: BoardSpec, directory: Path, *, autostart: bool = True) -> None:
        """Attach to the server at ``directory`` (``<state>/boards/<name>``).

        Without one, start a child that serves the board until :meth:`close`, or until this thread ends;
        with ``autostart`` off raise :class:`InconclusiveError`. Raises :class:`InvalidError` when the
        server has another chip, MAC or flash size than ``spec`` says.
        """
        self._spec = spec
        self._directory = directory
        self._child: subprocess.Popen[bytes] | None = None
        served = _living(directory)
        if served is None and not autostart:
            raise InconclusiveError(
                f"board {spec.name} is not served", hint=f"say: hostkit boards serve {spec.name}"
            )
        if served is None:
            self._start()
            served = read_record(directory)
        if served is not None:
            _check(spec, served)
        self._client = ControlClient(directory)

    @property
    def spec(self) -> BoardSpec:
        """What ``boards.toml`` says of it."""
        return self._spec

    def link_port(self) -> str:
        """Return the pty's stable path. Raises :class:`InconclusiveError` while unplugged or not served."""
        state = self.state()
        if not state.pty:
            raise InconclusiveError(
                f"board {self._spec.name} is unplugged",
                hint=f"say: hostkit boards fault {self._spec.name} replug",
            )
        return state.port

    def enter_download(self) -> FlashAccess:
        """Reset the board into its ROM loader through the control channel: a pty has no DTR and RTS."""
        port = self.link_port()
        self._client.reset(download=True)
        baud = self._spec.baud if self.state().paced else _UNPACED_BAUD
        return FlashAccess(port, baud, before="no-reset", after="no-reset")

    def run_application(self) -> None:
        """Reset the board into what its flash holds.

        Raises :class:`ToolError` when this machine cannot keep that flash or run what is in it (a full
        disk): the board itself is not to blame.
        """
        self._client.reset(download=False)
        if problem := self.state().problem:
            raise ToolError(
                f"board {self._spec.name}: {problem}",
                hint=f"free some space in {self._directory}, then flash it again",
            )

    def state(self) -> BoardState:
        """Return what the board is doing."""
        return self._client.state()

    def fault(self, fault: str, amount: float | None = None) -> None:
        """Make something go wrong; the words are those of ``hostkit boards fault``."""
        self._client.fault(fault, amount)

    def close(self) -> None:
        """End the server if this object started it; flash is saved."""
        child, self._child = self._child, None
        if child is None:
            return
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()  # the end of its input ends the server
        with suppress(subprocess.TimeoutExpired):
            child.wait(_STOP_S)
        end_group(child)

    def _start(self) -> None:
        spec = self._spec
        wanted = spec_to_json(serve_spec(spec))
        argv = (*module_argv("hostkit.boards.virtual.serve"), str(self._directory), wanted)
        command = Command(argv, env=installed_only(os.environ))
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            with (self._directory / "server.err").open("wb") as errors:
                child = start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
        except OSError as error:
            raise disk_error(error, self._directory) from error
        self._child = child
        try:
            self._await(child)
        except BusyError:  # somebody was faster: attach to theirs
            self.close()
        except BaseException:
            self.close()
            raise

    def _await(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdout is not None
        said = b""
        with selectors.DefaultSelector() as selector:
            selector.register(child.stdout, selectors.EVENT_READ)
            while not said.endswith(b"\n") and selector.select(_START_S):
                piece = os.read(child.stdout.fileno(), 4096)
                if not piece:
                    break
                said += piece
        answer: Any = None
        with suppress(ValueError):
            answer = json.loads(said)
        if not isinstance(answer, dict):
            raise ToolError(
                f"the server of board {self._spec.name} did not come up",
                hint=f"see {self._directory / 'server.err'}",
            )
        if not answer["ok"]:
            raise error_from(answer)


def _living(directory: Path) -> ServedBoard | None:
    """Return the board that is served, or None; a server that was just killed takes a moment to be gone.

    Raises :class:`InconclusiveError` for one that lives and does not answer.
    """
    served = read_record(directory)
    if served is None:
        return None
    try:
        ControlClient(directory).state()
    except InconclusiveError:
        if not _gone(served.pid):
            raise
        return None
    return served


def _gone(pid: int) -> bool:
    """Wait a while for the end of a process that need not be a child of ours."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            return bool(selector.select(_STOP_S))
    finally:
        os.close(descriptor)


def _check(spec: BoardSpec, served: ServedBoard) -> None:
    wanted = (spec.chip.value, spec.mac, spec.flash_size)
    if wanted != (served.chip, served.mac, served.flash_size):
        raise InvalidError(
            f"board {spec.name} is served by pid {served.pid} as {served.chip} {served.mac} with "
            f"{served.flash_size} bytes of flash, boards.toml says {' '.join(map(str, wanted))}",
            hint="end that server and serve the board again",
        )
