"""What a crash means for who looks at it: the firmware's failure, or nobody's fault yet. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from hostkit.errors import FailedError, HostkitError, InconclusiveError
from hostkit.link.crash.decode import Crash
from hostkit.link.crash.model import CrashKind


class FirmwareCrashError(FailedError):
    """The firmware crashed by itself (exit 1); ``crash`` says how and where."""

    def __init__(self, crash: Crash) -> None:
        """Take the crash's own reason for the message."""
        calls = "; ".join(crash.lines()[1:4])
        super().__init__(crash.reason, hint=f"it got there from: {calls}" if calls else "see the transcript")
        self.crash = crash


class SupplyError(InconclusiveError):
    """The board's supply gave way (exit 3)."""

    def __init__(self, crash: Crash) -> None:
        """Take the crash's own reason for the message."""
        super().__init__(
            crash.reason, hint="look at the supply: its cable, its current limit, the LEDs on it"
        )
        self.crash = crash


def by_weight(crashes: Iterable[Crash]) -> list[Crash]:
    """Return crashes, the one that explains most first: firmware before supply, a cause before its loop."""
    return sorted(
        crashes,
        key=lambda crash: (not crash.report.blames_firmware, crash.report.kind is CrashKind.BOOT_LOOP),
    )


def crash_error(crashes: Iterable[Crash]) -> HostkitError | None:
    """Return the error that crashes amount to, None without any."""
    ordered = by_weight(crashes)
    if not ordered:
        return None
    return FirmwareCrashError(ordered[0]) if ordered[0].report.blames_firmware else SupplyError(ordered[0])
