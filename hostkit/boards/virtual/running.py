"""A running application inside the server's loop: its output, its log, its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hostkit.boards.virtual.loop import Loop
from hostkit.boards.virtual.payload import Payload

_LAST_READS = 4  # what fits into a pipe; a grandchild that goes on writing is not listened to


@dataclass(frozen=True, slots=True)
class ApplicationEvents:
    """What an application tells the board: UART bytes, log text, its exit code when it ends by itself."""

    sent: Callable[[bytes], None]
    logged: Callable[[bytes], None]
    ended: Callable[[int], None]


class RunningApplication:
    """Implements :class:`hostkit.boards.virtual.silicon.Application` over a :class:`Payload`."""

    def __init__(self, loop: Loop, payload: Payload, events: ApplicationEvents) -> None:
        """Watch the payload from now on."""
        self._loop = loop
        self._payload = payload
        self._events = events
        self._silent = False
        self._held = False
        self._waiting = False
        loop.watch(payload.output, self._output)
        loop.watch(payload.log, self._log)
        if payload.ended != payload.output:
            loop.watch(payload.ended, self._ended)

    def hold(self, hold: bool) -> None:
        """Read no more of its output while the host is slow: its UART is full then."""
        if hold != self._held and not self._silent:
            self._held = hold
            self._loop.watch(self._payload.output, None if hold else self._output)

    def write(self, data: bytes, limit: int) -> int:
        """Send bytes to its UART; return how many were lost for want of room."""
        lost = self._payload.write(data, limit)
        self._watch_input()
        return lost

    def hang(self) -> None:
        """Stop it where it is."""
        self._payload.hang()

    def end(self) -> int:
        """End it at once, return its exit code."""
        payload = self._payload
        for descriptor in (payload.output, payload.log, payload.input, payload.ended):
            self._loop.forget(descriptor)
        return payload.end()

    def storage(self) -> bytes | None:
        """Return its NVS as it left it."""
        return self._payload.storage()

    def discard(self) -> None:
        """Forget its NVS: it is safe in flash."""
        self._payload.discard()

    def _watch_input(self) -> None:
        if bool(self._payload.unsent) != self._waiting:
            self._waiting = not self._waiting
            self._loop.watch(self._payload.input, None, self._input if self._waiting else None)

    def _input(self) -> None:
        self._payload.flush()
        self._watch_input()

    def _output(self) -> None:
        data = self._payload.read()
        if data is None:
            self._silent = True
            self._loop.forget(self._payload.output)
            if self._payload.ended == self._payload.output:
                self._ended()
        elif data:
            self._events.sent(data)

    def _log(self) -> None:
        data = self._payload.read_log()
        if data is None:
            self._loop.forget(self._payload.log)
        elif data:
            self._events.logged(data)

    def _ended(self) -> None:
        for _ in range(_LAST_READS):
            if data := self._payload.read():
                self._events.sent(data)
        if said := self._payload.read_log():
            self._events.logged(said)
        self._events.ended(self._payload.exit_code())
