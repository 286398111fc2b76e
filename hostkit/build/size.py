"""Bytes used against the budget of the profile."""

from __future__ import annotations

from hostkit.build.model import Sizes
from hostkit.errors import FailedError


def percent(used: int, budget: int) -> float | None:
    """Return how much of a budget is used, in percent; None where there is no budget."""
    return 100.0 * used / budget if budget else None


def check_sizes(sizes: Sizes) -> None:
    """Raise :class:`FailedError` with the numbers when flash or RAM is over its budget."""
    over = [
        f"{what} {used} of {budget} bytes ({percent(used, budget):.1f} %, {used - budget} over)"
        for what, used, budget in (
            ("flash", sizes.flash, sizes.flash_budget),
            ("RAM", sizes.ram, sizes.ram_budget),
        )
        if budget and used > budget
    ]
    if over:
        raise FailedError(
            f"over the size budget: {'; '.join(over)}",
            hint="make the firmware smaller, or raise custom_hostkit_…_budget in platformio.ini",
        )
