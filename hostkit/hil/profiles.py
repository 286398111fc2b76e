"""What a board of a profile must have on its pins. The firmware must say the same of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from hostkit.errors import UsageError


@dataclass(frozen=True, slots=True)
class StripProfile:
    """One strip: its pin, its LEDs, the order of colours on the wire."""

    gpio: int
    leds: int
    order: str = "GRB"


@dataclass(frozen=True, slots=True)
class Profile:
    """What hangs on a board. Strips are sent at once, so the longest one sets the frame rate."""

    name: str
    strips: tuple[StripProfile, ...]

    @property
    def lengths(self) -> tuple[int, ...]:
        """LEDs of each strip."""
        return tuple(strip.leds for strip in self.strips)

    @property
    def leds(self) -> int:
        """LEDs of all strips."""
        return sum(self.lengths)

    @property
    def longest(self) -> int:
        """LEDs of the longest strip."""
        return max(self.lengths)


PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            Profile("dual-160", (StripProfile(5, 160), StripProfile(4, 160))),
            Profile("single-60", (StripProfile(5, 60),)),
        )
    }
)
"""The profiles that ``boards.toml`` can name."""


def find_profile(name: str, profiles: Mapping[str, Profile] = PROFILES) -> Profile:
    """Return a profile. Raises :class:`UsageError` with the nearest name when there is none."""
    if name in profiles:
        return profiles[name]
    near = get_close_matches(name, profiles, n=1)
    raise UsageError(
        f"there is no board profile {name!r}",
        hint=f"did you mean {near[0]!r}?" if near else f"one of: {', '.join(profiles)}",
    )
