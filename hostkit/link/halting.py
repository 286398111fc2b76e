"""A transport that stops waiting when the work of all threads is given up."""

from __future__ import annotations

from hostkit.halt import Halt
from hostkit.link.transport import Transport

_LOOK_S = 0.2  # how soon a word is heard; pyserial's URLs may take 50 ms longer for each look


class HaltingTransport:
    """Passes everything on until the halt is called; from then on a read or a write is a ``HaltedError``."""

    def __init__(self, inner: Transport, halt: Halt) -> None:
        """Wrap an open transport."""
        self._inner = inner
        self._halt = halt

    @property
    def name(self) -> str:
        """The port as people know it."""
        return self._inner.name

    def read(self, timeout_s: float) -> bytes:
        """Return what has arrived; see :class:`Transport`."""
        left_s = timeout_s
        while True:
            self._halt.check()
            step_s = min(left_s, _LOOK_S)
            data = self._inner.read(step_s)
            left_s -= step_s
            if data or left_s <= 0:
                return data

    def write(self, data: bytes) -> None:
        """Send all bytes; see :class:`Transport`."""
        self._halt.check()
        self._inner.write(data)

    def close(self) -> None:
        """Give the port back."""
        self._inner.close()
