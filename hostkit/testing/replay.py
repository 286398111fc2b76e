"""A recording behind a pty: what `monitor --record` kept acts as the board that it was taken from."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hostkit.boards.virtual.loop import Loop
from hostkit.boards.virtual.tty import TtyPort
from hostkit.clock import Clock, SystemClock
from hostkit.errors import InvalidError, UsageError
from hostkit.link.replay import Player
from hostkit.link.transcript import Entry, parse_transcript
from hostkit.link.turns import Turn, turns_of

_OPEN_POLL_S = 0.05  # a pty does not tell when it is opened
_SETTLE_US = 200_000  # who opens a port sets it up and throws away what came meanwhile, as pyserial does


def read_recording(path: Path) -> tuple[Turn, ...]:
    """Return a recording's turns.

    Raises :class:`UsageError` for a file that is not there, :class:`InvalidError` for one that is none.
    """
    try:
        written = parse_transcript(path.read_bytes())
    except OSError as error:
        raise UsageError(
            f"cannot read {path}: {error.strerror or error}", hint="make one: hostkit monitor --record FILE"
        ) from error
    if written.broken and not written.cut:
        raise InvalidError(
            f"{path} is no recording: line {written.broken} makes no sense", hint="was it edited?"
        )
    entries = [entry for entry in written.entries if isinstance(entry, Entry)]
    if not entries:
        raise InvalidError(f"{path} holds no bytes of a line", hint="record again, for longer")
    return tuple(turns_of(entries))


class ReplayServer:
    """Plays to whoever opens the port, from the start each time it is opened."""

    def __init__(self, turns: tuple[Turn, ...], link: Path, clock: Clock, *, fast: bool = False) -> None:
        """Open a pty that ``link`` points to."""
        self._turns = turns
        self._clock = clock
        self._fast = fast
        self._loop = Loop()
        self._port = TtyPort(link)
        self._player: Player | None = None
        self._opened_us: int | None = None
        self._stopping = False
        self.unknown = 0
        self._loop.watch(self._port, self._ready)

    @property
    def port(self) -> Path:
        """Where the port is: a stable name for the pty."""
        return self._port.link

    def run(self) -> None:
        """Serve until :meth:`stop`."""
        while not self._stopping:
            self._loop.step(self._patience())
            self._look()
            self._play()

    def stop(self) -> None:
        """Make :meth:`run` return; from any thread or signal handler."""
        self._stopping = True
        self._loop.wake()

    def close(self) -> None:
        """Take the port away."""
        self._loop.forget(self._port)
        self._port.close()
        self._loop.close()

    def _now(self) -> int:
        return self._clock.monotonic_ns() // 1000

    def _patience(self) -> float | None:
        if self._player is None:
            return _OPEN_POLL_S
        due = self._player.deadline_us
        return None if due is None else max(0, due - self._now()) / 1e6

    def _look(self) -> None:
        """Begin a moment after somebody opened the port; forget it all when nobody has it open any more."""
        if not self._port.is_open:
            self._player = self._opened_us = None
        elif self._opened_us is None:
            self._opened_us = self._now()
        elif self._player is None and self._now() - self._opened_us >= _SETTLE_US:
            self._begin()

    def _begin(self) -> None:
        self._player = Player(self._turns, self._now(), fast=self._fast)

    def _ready(self) -> None:
        self._port.noticed()
        data = self._port.read()
        self._look()
        if self._player is None and data and self._opened_us is not None:
            self._begin()  # who speaks is set up
        if self._player is not None and data:
            self._player.feed(data, self._now())
            self.unknown += self._player.unknown
            self._player.unknown = 0
        self._port.flush()

    def _play(self) -> None:
        if self._player is not None and (data := self._player.take(self._now())):
            self._port.write(data)


@contextmanager
def replaying(path: Path, link: Path, *, fast: bool = True) -> Iterator[ReplayServer]:
    """Serve a recording from a thread of this process; its port is ``link``."""
    server = ReplayServer(read_recording(path), link, SystemClock(), fast=fast)
    thread = threading.Thread(target=server.run, name=f"replay of {path.name}", daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()
        server.close()
