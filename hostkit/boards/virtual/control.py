"""The control channel of a served board: one JSON object a line, one answer a line."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hostkit.boards.served import LONGEST_LINE, BoardState, error_word
from hostkit.boards.virtual.faults import parse_fault
from hostkit.boards.virtual.loop import Loop
from hostkit.boards.virtual.machine import Machine
from hostkit.boards.virtual.sockets import Peer, accept
from hostkit.errors import HostkitError, UsageError
from hostkit.files import listen_private


@dataclass(frozen=True, slots=True)
class Serving:
    """What the server lends the desk: ``settle`` brings its ports in line with the machine."""

    state: Callable[[], BoardState]
    settle: Callable[[], None]
    stop: Callable[[], None]
    note: Callable[[str], None]


class ControlDesk:
    """Carries out requests, whatever a line holds. What was asked is done when it is answered."""

    def __init__(self, machine: Machine, serving: Serving) -> None:
        """Act on ``machine`` for the server that lends ``serving``."""
        self._machine = machine
        self._serving = serving

    def answer(self, line: bytes) -> bytes:
        """Return the answer to one line, ended by a newline."""
        try:
            said = {"ok": True, **self._obey(_parse(line))}
        except HostkitError as error:
            said = {"ok": False, "error": error.message, "hint": error.hint, "kind": error_word(error)}
        return json.dumps(said).encode() + b"\n"

    def _obey(self, request: dict[str, Any]) -> dict[str, Any]:
        op = request.get("op")
        if op == "state":
            return {"state": asdict(self._serving.state())}
        self._serving.note(f"control: {json.dumps(request)}")
        if op == "reset":
            self._machine.press_reset(download=request.get("download") is True)
        elif op == "fault":
            amount = request.get("amount")
            if amount is not None and type(amount) not in (int, float):
                raise UsageError(f"{amount!r} is no amount", hint="a number")
            self._machine.apply(parse_fault(str(request.get("fault")), amount))
        elif op == "stop":
            self._serving.stop()
        else:
            raise UsageError(f"the control channel knows no {op!r}", hint="state, reset, fault or stop")
        self._serving.settle()
        return {}


def _parse(line: bytes) -> dict[str, Any]:
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError("that is no JSON", hint='such as {"op": "state"}') from error
    if not isinstance(request, dict):
        raise UsageError("that is no JSON object", hint='such as {"op": "state"}')
    return request


class LineBuffer:
    """Cuts a stream into lines; a line longer than the channel takes is answered as none."""

    def __init__(self) -> None:
        """Start empty."""
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that ``data`` completes, without their newlines."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            lines, self._rest = [*lines, b""], b""
        return lines


class ControlDoor:
    """The Unix socket of the control channel: any number of clients, each a line at a time."""

    def __init__(self, loop: Loop, path: Path, desk: ControlDesk) -> None:
        """Listen at ``path``, for the owner only."""
        self._loop = loop
        self._path = path
        self._desk = desk
        self._listener = listen_private(path)
        self._peers: dict[Peer, LineBuffer] = {}
        loop.watch(self._listener, self._accept)

    def close(self) -> None:
        """Hang up on everybody and remove the socket."""
        for peer in list(self._peers):
            self._drop(peer)
        self._loop.forget(self._listener)
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        connection = accept(self._listener)
        if connection is None:
            return
        peer = Peer(connection, LONGEST_LINE)
        self._peers[peer] = LineBuffer()
        self._settle(peer)

    def _ready(self, peer: Peer) -> None:
        for line in self._peers[peer].feed(peer.read()):
            peer.write(self._desk.answer(line))
        self._settle(peer)

    def _flush(self, peer: Peer) -> None:
        peer.flush()
        self._settle(peer)

    def _settle(self, peer: Peer) -> None:
        if peer.gone:
            self._drop(peer)
            return
        more = (lambda: self._flush(peer)) if peer.unsent else None
        self._loop.watch(peer.connection, lambda: self._ready(peer), more)

    def _drop(self, peer: Peer) -> None:
        self._peers.pop(peer, None)
        self._loop.forget(peer.connection)
        peer.close()
