"""What a crash text says, before anything is looked up."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class CrashKind(Enum):
    """What went wrong, by the word that reasons begin with."""

    PANIC = "panic"  # an exception of the CPU
    ABORT = "abort"
    ASSERT = "assert"
    STACK_SMASHING = "stack smashing"
    STACK_OVERFLOW = "stack overflow"
    INTERRUPT_WATCHDOG = "interrupt watchdog"
    TASK_WATCHDOG = "task watchdog"
    BROWNOUT = "brown-out"
    BOOT_LOOP = "boot loop"


_SUPPLY = ("POWERON", "BROWN", "USB", "EXT")  # reset causes that firmware does not bring about


@dataclass(frozen=True, slots=True)
class CrashReport:
    """One crash in the board's own words and numbers.

    ``pc``: the instruction that failed, None where the text does not say it. ``backtrace``: addresses
    *inside* the calls that led there, innermost first, as ESP-IDF prints them (its return addresses are
    already moved back into the call). ``registers``: as printed, of the core that failed. ``elf``: the hex
    digits that the text names the firmware by. ``resets``: causes of the resets of a boot loop, oldest
    first.
    """

    kind: CrashKind
    reason: str
    core: int | None = None
    task: str = ""
    pc: int | None = None
    registers: tuple[tuple[str, int], ...] = ()
    backtrace: tuple[int, ...] = ()
    elf: str = ""
    resets: tuple[str, ...] = field(default=())

    @property
    def blames_firmware(self) -> bool:
        """False where the supply is to blame, or whoever pressed reset: that is nobody's fault yet."""
        if self.kind is CrashKind.BOOT_LOOP:
            return not all(cause.startswith(_SUPPLY) or "BROWN" in cause for cause in self.resets)
        return self.kind is not CrashKind.BROWNOUT

    @property
    def addresses(self) -> tuple[int, ...]:
        """Where it was, innermost first: ``pc``, then the calls."""
        calls = self.backtrace
        if self.pc is None:
            return calls
        if not calls:
            back = dict(self.registers).get("RA", 0)  # RISC-V: where the function, if a leaf, returns to
            return (self.pc, back - 1) if back else (self.pc,)
        if 0 <= self.pc - calls[0] <= _SAME_FRAME:
            calls = calls[1:]
        return (self.pc, *calls)


_SAME_FRAME = 4  # ESP-IDF's backtrace begins with the failing pc itself, moved back by at most this much
