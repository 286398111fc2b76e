"""The serial line between host and chip, both directions: faults first, then the time it takes. Pure."""

from __future__ import annotations

from hostkit.boards.virtual.faults import FaultRequest, NoisyWire
from hostkit.boards.virtual.pacing import PacedLine


class Wire:
    """Bytes go in at one end and come out at the other, late and damaged if so asked."""

    def __init__(self, *, seed: int, paced: bool) -> None:
        """Start clean and idle; unpaced lines deliver at once."""
        self._paced = paced
        self._noise_in = NoisyWire(seed)
        self._noise_out = NoisyWire(seed + 1)
        self._line_in = PacedLine()
        self._line_out = PacedLine()

    @property
    def faults(self) -> dict[str, float]:
        """What is wrong with the line now."""
        return self._noise_out.faults

    @property
    def waiting(self) -> int:
        """Bytes on their way to the chip: a host that sends faster than the line must wait."""
        return len(self._line_in)

    @property
    def waiting_out(self) -> int:
        """Bytes on their way to the host: a chip that sends faster than the line must wait."""
        return len(self._line_out)

    def set_baud(self, baud: int) -> None:
        """Set the speed that a paced line has, bits per second."""
        if self._paced:
            self._line_in.baud = self._line_out.baud = baud

    def set_fault(self, request: FaultRequest, now_ns: int) -> None:
        """Switch a fault of the line. HOLD64 is a fault of the adapter's way to the host only."""
        self._line_out.push(self._noise_out.set(request), now_ns)
        if request.fault.value != "hold64":
            self._noise_in.set(request)

    def from_host(self, data: bytes, now_ns: int) -> bytes:
        """Put host bytes on the line; return what has reached the chip by now."""
        if data:
            self._line_in.push(self._noise_in.carry(data), now_ns)
        return self._line_in.pull(now_ns)

    def send(self, data: bytes, now_ns: int) -> None:
        """Put chip bytes on the line."""
        if data:
            self._line_out.push(self._noise_out.carry(data), now_ns)

    def to_host(self, now_ns: int) -> bytes:
        """Return what has reached the host by now."""
        return self._line_out.pull(now_ns)

    def clear(self) -> None:
        """Lose what is under way, as when the plug is pulled."""
        self._line_in.clear()
        self._line_out.clear()

    @property
    def deadline_ns(self) -> int | None:
        """When bytes arrive next, None while nothing is under way."""
        due = [line.deadline_ns for line in (self._line_in, self._line_out)]
        return min((each for each in due if each is not None), default=None)
