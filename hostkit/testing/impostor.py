"""What passes itself off as a board: a TCP port that prints a text, or plays a recording, to all who come."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Protocol

from hostkit.clock import SystemClock
from hostkit.link.replay import Player
from hostkit.testing.replay import read_recording

_POLL_S = 0.02


class Act(Protocol):
    """What is said to one caller."""

    def say(self) -> bytes:
        """Return what is to be sent now."""
        ...

    def hear(self, data: bytes) -> None:
        """Take what came."""
        ...


class Banner:
    """Says the same text at once and after whatever comes."""

    def __init__(self, text: bytes) -> None:
        """Say ``text``."""
        self._text = text
        self._due = text

    def say(self) -> bytes:
        """Return the text where it is due."""
        said, self._due = self._due, b""
        return said

    def hear(self, data: bytes) -> None:  # noqa: ARG002 - whatever it is
        """Let the text be said again."""
        self._due = self._text


class Recording:
    """Answers as a recorded board did."""

    def __init__(self, path: Path) -> None:
        """Play a transcript: what ``monitor --record`` kept, or the ``link.jsonl`` of a run."""
        self._clock = SystemClock()
        self._player = Player(read_recording(path), self._now(), fast=True)

    def say(self) -> bytes:
        """Return what is due."""
        return self._player.take(self._now())

    def hear(self, data: bytes) -> None:
        """Answer what the recording knows."""
        self._player.feed(data, self._now())

    def _now(self) -> int:
        return self._clock.monotonic_ns() // 1000


@contextmanager
def impostor(act: Callable[[], Act]) -> Iterator[str]:
    """Serve until the block ends; gives the port's URL. Each caller meets a new ``act``."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ended = threading.Event()
        thread = threading.Thread(target=_serve, args=(listener, act, ended), daemon=True)
        thread.start()
        try:
            yield f"socket://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            ended.set()
            thread.join()


def _serve(listener: socket.socket, act: Callable[[], Act], ended: threading.Event) -> None:
    while not ended.is_set():
        if select.select([listener], [], [], _POLL_S)[0]:
            caller, _ = listener.accept()
            with closing(caller), suppress(ConnectionError):
                _play(caller, act(), ended)


def _play(caller: socket.socket, act: Act, ended: threading.Event) -> None:
    while not ended.is_set():
        said = act.say()
        if said:
            caller.sendall(said)
        if select.select([caller], [], [], _POLL_S)[0]:
            data = caller.recv(65536)
            if not data:
                return
            act.hear(data)
