from __future__ import annotations

import pytest

from hostkit.halt import Halt, HaltedError
from hostkit.link.halting import HaltingTransport
from hostkit.testing.clock import FakeClock
from hostkit.testing.link import MemoryTransport


class _Impatient(FakeClock):
    """Calls a halt after a second."""

    def __init__(self, halt: Halt) -> None:
        super().__init__()
        self._halt = halt
        self._until_ns = self.monotonic_ns() + 1_000_000_000

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.monotonic_ns() >= self._until_ns:
            self._halt.call()


def test_a_read_that_waits_for_long_is_given_up_soon_after_the_halt() -> None:
    halt = Halt()
    clock = _Impatient(halt)
    inner, _ = MemoryTransport.pair(clock)
    transport = HaltingTransport(inner, halt)
    began_ns = clock.monotonic_ns()
    with pytest.raises(HaltedError):
        transport.read(600.0)
    assert clock.monotonic_ns() - began_ns < 1.5e9
    with pytest.raises(HaltedError):
        transport.write(b"x")
    transport.close()
    halt.close()
