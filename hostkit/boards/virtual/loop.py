"""One thread that waits for many descriptors: a thin layer over ``selectors`` with one callback each way."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, TypeAlias


class HasFileno(Protocol):
    """Anything with a descriptor."""

    def fileno(self) -> int:
        """Return the descriptor."""
        ...


Act: TypeAlias = Callable[[], object]


class Loop:
    """Descriptors and what to do when they are ready. Not thread-safe but for :meth:`wake`."""

    def __init__(self) -> None:
        """Start with nothing but the wake-up call."""
        self._selector = selectors.DefaultSelector()
        self._ear, self._mouth = socket.socketpair()
        self._ear.setblocking(False)
        self._mouth.setblocking(False)
        self.watch(self._ear, lambda: self._ear.recv(4096))

    def watch(self, thing: HasFileno | int, readable: Act | None, writable: Act | None = None) -> None:
        """Call ``readable`` or ``writable`` whenever ``thing`` is; replaces what was said of it before.

        Neither means that it is not watched at all.
        """
        self.forget(thing)
        events = (selectors.EVENT_READ if readable else 0) | (selectors.EVENT_WRITE if writable else 0)
        if events:
            self._selector.register(thing, events, (readable, writable))

    def forget(self, thing: HasFileno | int) -> None:
        """Watch it no more; to be called before it is closed. Does nothing for one that is not watched."""
        with suppress(KeyError, ValueError):
            self._selector.unregister(thing)

    def step(self, longest_s: float | None) -> None:
        """Wait for something, ``longest_s`` seconds at most, and call what is due."""
        for key, events in self._selector.select(longest_s):
            now = self._selector.get_map().get(key.fileobj)
            if now is None or now.data is not key.data:
                continue  # an earlier call of this round closed or changed it
            readable, writable = key.data
            if events & selectors.EVENT_READ and readable:
                readable()
            elif events & selectors.EVENT_WRITE and writable:
                writable()

    def wake(self) -> None:
        """Make a running :meth:`step` return; from any thread or signal handler."""
        with suppress(OSError):
            self._mouth.send(b"!")

    def close(self) -> None:
        """Stop watching everything."""
        self._selector.close()
        self._ear.close()
        self._mouth.close()
