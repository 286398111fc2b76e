"""Lines of device text to crash reports. Sans-IO; the reports depend on the lines alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from hostkit.link.crash import words
from hostkit.link.crash.model import CrashKind, CrashReport

LOOP = 3
"""Resets without an answer that make a boot loop."""

_MOST_CALLS, _MOST_REGISTERS = 128, 80
_MOST_STRANGE = 64  # lines of something else after which a report is complete
_MOST_LINES = 600
_MOST_SAID = 120  # characters
_ABORTS_TOO = (
    CrashKind.STACK_SMASHING,
    CrashKind.STACK_OVERFLOW,
    CrashKind.ASSERT,
    CrashKind.TASK_WATCHDOG,
)


@dataclass(slots=True)
class _Open:
    """A report under way."""

    report: CrashReport
    registers: dict[str, int] = field(default_factory=dict)
    dumped: int | None = None  # core of the register dump that is read
    other_core: bool = False  # what follows is not of the core that failed
    lines: int = 0
    strange: int = 0

    def complete(self) -> CrashReport:
        registers = tuple(self.registers.items())
        pc = self.registers.get("PC", self.registers.get("MEPC"))
        known = self.report.pc if self.report.pc is not None else pc
        return replace(self.report, registers=registers, pc=known)


class CrashReader:
    """Takes lines in order; gives each report once, when it is complete. Memory is bounded; never raises."""

    def __init__(self) -> None:
        """Start with nothing seen."""
        self._open: _Open | None = None
        self._resets: list[str] = []
        self._brownout = False  # said by the firmware, to be said again by the ROM
        self._last = ""  # line before a reset

    @property
    def reading(self) -> bool:
        """True while a report is under way."""
        return self._open is not None

    @property
    def counting(self) -> bool:
        """True after a reset that no answer followed yet."""
        return bool(self._resets)

    def answered(self) -> None:
        """Say that the firmware came up and answered: the resets so far were no boot loop."""
        self._resets.clear()

    def take(self, line: str) -> list[CrashReport]:
        """Take one line; return the reports that it completes."""
        line = words.COLOUR.sub("", line).strip()
        if not line:
            return []
        done = self._reset(line)
        if done is None:
            done = self._begin(line)
        if not words.BANNER.search(line) and not words.RESET.search(line):
            self._last = line
        return self._go_on(line) if done is None else done

    def finish(self) -> list[CrashReport]:
        """Return the report that is under way, as far as it came."""
        current, self._open = self._open, None
        return [] if current is None else [current.complete()]

    def _reset(self, line: str) -> list[CrashReport] | None:
        """Take the ROM's word of a reset; None for any other line."""
        found = words.RESET.search(line)
        if found is None:
            return None
        done = self.finish()
        said, self._brownout = self._brownout, False
        if words.DOWNLOAD in found["mode"]:
            self._resets.clear()
            return done
        cause = found["cause"]
        if "BROWN" in cause and not said:
            done.append(CrashReport(CrashKind.BROWNOUT, f"the ROM says {cause}"))
        self._resets.append(cause)
        if len(self._resets) == LOOP:
            causes = tuple(self._resets)
            after = f", before the last: {self._last[:_MOST_SAID]}" if self._last else ""
            reason = f"{LOOP} resets without an answer{after}"
            done.append(CrashReport(CrashKind.BOOT_LOOP, reason, resets=causes))
        del self._resets[LOOP + 1 :]  # one loop is told once
        return done

    def _begin(self, line: str) -> list[CrashReport] | None:
        """Open a report where the line begins one; None where it does not."""
        for pattern, make in _BEGINNINGS:
            found = pattern.search(line)
            if found is None:
                continue
            begun = make(found)
            if self._open is not None and _follows(self._open.report, begun):
                self._open.report = replace(self._open.report, pc=begun.pc, core=begun.core)
                return []
            done = self.finish()
            if begun.kind is CrashKind.BROWNOUT:
                self._brownout = True
                return [*done, begun]
            self._open = _Open(begun)
            return done
        return None

    def _go_on(self, line: str) -> list[CrashReport]:
        """Take a line of the report that is under way, if there is one."""
        current = self._open
        if current is None:
            return []
        current.lines += 1
        if words.END.search(line):
            return self.finish()
        known = any(part(current, line) for part in _PARTS)
        current.strange = 0 if known else current.strange + 1
        over = current.strange > _MOST_STRANGE or current.lines > _MOST_LINES
        return self.finish() if over else []


def _follows(open_report: CrashReport, begun: CrashReport) -> bool:
    """Tell whether an abort is the end of what was already reported, not a crash of its own."""
    return begun.kind is CrashKind.ABORT and open_report.kind in _ABORTS_TOO and open_report.pc is None


def _panic(found: re.Match[str]) -> CrashReport:
    reason = found["reason"]
    kind = CrashKind.PANIC
    if reason.startswith("Interrupt wdt"):
        kind = CrashKind.INTERRUPT_WATCHDOG
    elif reason.startswith("Stack protection"):
        kind = CrashKind.STACK_OVERFLOW
    return CrashReport(kind, reason, int(found["core"]))


def _abort(found: re.Match[str]) -> CrashReport:
    core = None if found["core"] is None else int(found["core"])
    return CrashReport(CrashKind.ABORT, "abort() was called", core, pc=int(found["pc"], 16))


def _assert(found: re.Match[str]) -> CrashReport:
    return CrashReport(CrashKind.ASSERT, (found["said"] or found["old"]).strip())


def _smashing(_: re.Match[str]) -> CrashReport:
    return CrashReport(CrashKind.STACK_SMASHING, "Stack smashing protect failure!")


def _overflow(found: re.Match[str]) -> CrashReport:
    task = found["task"]
    return CrashReport(CrashKind.STACK_OVERFLOW, f"in task {task}", task=task)


def _task_watchdog(_: re.Match[str]) -> CrashReport:
    return CrashReport(CrashKind.TASK_WATCHDOG, "")


def _brownout(found: re.Match[str]) -> CrashReport:
    return CrashReport(CrashKind.BROWNOUT, found[0])


_BEGINNINGS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], CrashReport]], ...] = (
    (words.PANIC, _panic),
    (words.ABORT, _abort),
    (words.ASSERT, _assert),
    (words.SMASHING, _smashing),
    (words.OVERFLOW, _overflow),
    (words.TASK_WATCHDOG, _task_watchdog),
    (words.BROWNOUT, _brownout),
)


def _debug(current: _Open, line: str) -> bool:
    """Take what stands behind an unhandled debug exception, and which task overran its stack."""
    if (found := words.DEBUG_REASON.search(line)) is not None:
        said = found["reason"].strip()
        current.report = replace(current.report, reason=f"{current.report.reason}: {said}")
        if (canary := words.CANARY.search(said)) is not None:
            task = canary["task"].strip()
            current.report = replace(current.report, kind=CrashKind.STACK_OVERFLOW, task=task)
        return True
    if (found := words.STACK_FAULT_TASK.search(line)) is not None:
        current.report = replace(current.report, task=found["task"])
        return True
    return False


def _tasks(current: _Open, line: str) -> bool:
    """Take which tasks starved, and what ran instead."""
    report = current.report
    if report.kind is not CrashKind.TASK_WATCHDOG:
        return False
    if (found := words.BUSY.search(line)) is not None:
        if not report.task:
            reason = f"{report.reason} while {found['task'].strip()} ran".strip()
            current.report = replace(
                report, task=found["task"].strip(), core=int(found["core"]), reason=reason
            )
        return True
    if (found := words.STARVED.search(line)) is not None and report.reason.count(",") < 4:
        starved = f"{report.reason}, {found['task'].strip()}" if report.reason else found["task"].strip()
        current.report = replace(report, reason=starved)
        return True
    return "task_wdt:" in line


def _dump(current: _Open, line: str) -> bool:
    """Note whose registers, and whose backtrace, come now."""
    found = words.DUMP.search(line)
    if found is None:
        return False
    core = int(found["core"])
    current.other_core = bool(current.registers) and core != current.dumped
    if not current.other_core:
        current.dumped = core
    return True


def _registers(current: _Open, line: str) -> bool:
    found = list(words.REGISTER.finditer(line))
    for each in found:
        if not current.other_core and len(current.registers) < _MOST_REGISTERS:
            current.registers.setdefault(each["name"], int(each["value"], 16))
    return bool(found)


def _backtrace(current: _Open, line: str) -> bool:
    found = words.BACKTRACE.search(line)
    if found is None:
        return False
    calls = tuple(int(call["pc"], 16) for call in words.CALL.finditer(found["calls"]))
    if not current.report.backtrace and not current.other_core:
        current.report = replace(current.report, backtrace=calls[:_MOST_CALLS])
    return True


def _elf(current: _Open, line: str) -> bool:
    found = words.ELF.search(line)
    if found is not None:
        current.report = replace(current.report, elf=found["elf"].lower())
    return found is not None


def _memory(_: _Open, line: str) -> bool:
    return words.MEMORY.search(line) is not None


_PARTS: tuple[Callable[[_Open, str], bool], ...] = (
    _debug, _tasks, _dump, _backtrace, _memory, _registers, _elf,
)  # fmt: skip
