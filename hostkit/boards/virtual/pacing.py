"""A UART takes time: bytes pass no faster than start bit, eight data bits and stop bit allow. Pure."""

from __future__ import annotations

_BITS_PER_BYTE = 10  # 8N1
_SLICE_NS = (
    2_000_000  # bytes are released this much time at once: a timer a byte would cost more than it shows
)


class PacedLine:
    """One direction at a time. ``baud`` 0 means unpaced: what goes in comes out at once."""

    def __init__(self, baud: int = 0) -> None:
        """Start idle."""
        self.baud = baud
        self._waiting = bytearray()
        self._free_at = 0

    def __len__(self) -> int:
        """Bytes that have not come out yet."""
        return len(self._waiting)

    def push(self, data: bytes, now_ns: int) -> None:
        """Put bytes on the line."""
        if not self._waiting:
            self._free_at = max(self._free_at, now_ns)
        self._waiting += data

    def pull(self, now_ns: int) -> bytes:
        """Return the bytes that have wholly arrived by now, some time's worth at once as adapters do.

        One at a time, a host that reads at once would make a board that looks at once send the next one.
        """
        due = self.deadline_ns
        if due is None or now_ns < due:
            return b""
        if self.baud <= 0:
            count = len(self._waiting)
        else:
            count = min(
                len(self._waiting), max(0, now_ns - self._free_at) * self.baud // (_BITS_PER_BYTE * 10**9)
            )
            self._free_at += -(-count * _BITS_PER_BYTE * 10**9 // self.baud)  # rounded up: never early
        arrived = bytes(self._waiting[:count])
        del self._waiting[:count]
        return arrived

    def clear(self) -> None:
        """Lose what is under way, as a reset does."""
        self._waiting.clear()

    @property
    def deadline_ns(self) -> int | None:
        """When :meth:`pull` is worth another call, None when nothing waits."""
        if not self._waiting:
            return None
        if self.baud <= 0:
            return self._free_at
        rest = len(self._waiting) * _BITS_PER_BYTE * 10**9 // self.baud + 1
        return self._free_at + min(rest, max(_SLICE_NS, _BITS_PER_BYTE * 10**9 // self.baud + 1))
