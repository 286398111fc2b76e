"""The ESP32-C3 around labwired's CPU, UART and RMT: what the firmware finds in its registers, and time.

labwired simulates neither a system timer nor resets, eFuse and noise for a program that is entered
without the chip's mask ROM. Those registers keep what is written to them (esp32c3.yaml), and this class
plays the chip: between two slices of simulated time it sets and reads them. Addresses are those of
``firmware/ports/esp32c3/registers.hpp``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

TICK_NS = 62.5
"""One tick of the system timer, 16 MHz."""

_CPU_CYCLES_A_TICK = 10
_UART_STATUS = 0x6000001C
_RTC_OPTIONS0 = 0x60008000
_RTC_RESET_STATE = 0x60008038
_RTC_STORE4 = 0x600080B8
_EFUSE_MAC = (0x60008844, 0x60008848)
_SYSTIMER_CONF = 0x60023000
_SYSTIMER_TARGET0 = (0x6002301C, 0x60023020)  # high, low
_SYSTIMER_UNIT0 = (0x60023040, 0x60023044)
_RANDOM = 0x600260B0
_RTC_FAST = 0x50000000
_SLOT = 1024
_TARGET0_WORK_EN = 1 << 24
_SYSTEM_RESET = 1 << 31
_PANIC_MARK = 0x50414E43

RETAINED = 2 * _SLOT
"""Bytes of RTC memory that the firmware keeps its settings in (retained_memory.cpp)."""

# TRM 1.1, table 9-1. EN low looks like power on to the chip, a panic handler resets by software.
_RESET_CAUSES = {"power-on": 0x01, "external": 0x01, "software": 0x03, "panic": 0x03, "watchdog": 0x09}
_BROWNOUT_CAUSE = 0x0F


class Simulator(Protocol):
    """What is used of :class:`labwired.Sim`."""

    @property
    def cycles(self) -> int:
        """CPU cycles since it was made."""
        ...

    def run_for(self, duration: str) -> object:
        """Run for a stretch of simulated time; raises RuntimeError for what the CPU cannot execute."""
        ...

    def send_bytes(self, data: bytes) -> None:
        """Give the UART bytes to receive."""
        ...

    def read_uart_bytes(self) -> bytes:
        """Return what the UART sent since the last call."""
        ...

    def read_u32(self, address: int) -> int:
        """Read a word."""
        ...

    def write_u32(self, address: int, value: int) -> None:
        """Write a word."""
        ...

    def read_memory(self, address: int, length: int) -> bytes:
        """Read bytes."""
        ...


@dataclass(frozen=True, slots=True)
class PowerUp:
    """What differs from one boot to the next: ``retained`` is the content of RTC memory, ``noise`` a word."""

    reason: str  # in the words of link.cddl
    mac: str
    noise: int
    retained: bytes


class SimulatedChip:
    """One boot of the chip. Time is in ticks of the system timer since then."""

    def __init__(self, simulator: Simulator, power_up: PowerUp) -> None:
        """Set the registers as they are when the program is entered."""
        self._simulator = simulator
        self.ticks = 0
        write = simulator.write_u32
        write(_RTC_RESET_STATE, _RESET_CAUSES.get(power_up.reason, _BROWNOUT_CAUSE))
        write(_RTC_STORE4, _PANIC_MARK if power_up.reason == "panic" else 0)
        mac = bytes.fromhex(power_up.mac.replace(":", ""))
        write(_EFUSE_MAC[0], int.from_bytes(mac[2:], "big"))
        write(_EFUSE_MAC[1], int.from_bytes(mac[:2], "big"))
        write(_RANDOM, power_up.noise)
        kept = power_up.retained[:RETAINED].ljust(RETAINED, b"\xff")
        for offset in range(0, RETAINED, 4):
            write(_RTC_FAST + offset, int.from_bytes(kept[offset : offset + 4], "little"))
        self._marks = self._slot_marks()

    def run(self, duration: str) -> bytes:
        """Run a slice; return what the UART sent. Raises RuntimeError for what the CPU cannot execute."""
        before = self._simulator.cycles
        self._simulator.run_for(duration)
        self.set_time(self.ticks + (self._simulator.cycles - before) // _CPU_CYCLES_A_TICK)
        return self._simulator.read_uart_bytes()

    def receive(self, data: bytes) -> None:
        """Give the UART bytes."""
        self._simulator.send_bytes(data)

    def set_time(self, ticks: int) -> None:
        """Let the system timer show a time."""
        self.ticks = ticks
        self._simulator.write_u32(_SYSTIMER_UNIT0[0], ticks >> 32)
        self._simulator.write_u32(_SYSTIMER_UNIT0[1], ticks & 0xFFFFFFFF)

    @property
    def sleeps_until(self) -> int | None:
        """When the firmware wants to be woken, in ticks; None while it has something to do.

        It has while bytes lie in the UART: they leave in simulated time.
        """
        read = self._simulator.read_u32
        if not read(_SYSTIMER_CONF) & _TARGET0_WORK_EN or read(_UART_STATUS) & 0x03FF03FF:
            return None
        return read(_SYSTIMER_TARGET0[0]) << 32 | read(_SYSTIMER_TARGET0[1])

    @property
    def reset_asked(self) -> bool:
        """True once the firmware has reset the chip: nothing more comes of this boot."""
        return bool(self._simulator.read_u32(_RTC_OPTIONS0) & _SYSTEM_RESET)

    @property
    def panicked(self) -> bool:
        """True if the reset was the panic handler's."""
        return self._simulator.read_u32(_RTC_STORE4) == _PANIC_MARK

    def take_retained(self) -> bytes | None:
        """Return RTC memory if the firmware stored something since the last call, else None."""
        marks = self._slot_marks()
        if marks == self._marks:
            return None
        self._marks = marks
        return self._simulator.read_memory(_RTC_FAST, RETAINED)

    def _slot_marks(self) -> tuple[int, ...]:
        """Magic and number of both slots: a write changes both, the magic last."""
        read = self._simulator.read_u32
        return tuple(read(_RTC_FAST + slot + word) for slot in (0, _SLOT) for word in (0, 4))
