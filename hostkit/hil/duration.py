"""How long a soak takes: as people write it, and how much makes one."""

from __future__ import annotations

import re

from hostkit.errors import UsageError

SOAKED_FOR = "soaked for"
"""The measurement, in seconds, that says how long a soak ran."""

LEAST_SOAK_S = 600.0
"""What a soak must last for rung ``soaked``: every pattern comes up some hundred times by then."""

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def parse_duration(text: str) -> float:
    """Return seconds of ``90``, ``90s``, ``10m`` or ``1h30m``. Raises :class:`UsageError` for all else."""
    parts = re.findall(r"(\d+(?:\.\d+)?)([smh]?)", text)
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if not text or "".join(number + unit for number, unit in parts) != text or seconds <= 0:
        raise UsageError(f"{text!r} is no duration", hint="such as 30s, 10m or 1h30m")
    return seconds


def clock_face(seconds: float) -> str:
    """Return minutes and seconds, with hours where there are some: ``9:05``, ``1:09:05``."""
    whole = int(seconds)
    minutes = f"{whole // 3600}:{whole // 60 % 60:02}" if whole >= 3600 else f"{whole // 60}"
    return f"{minutes}:{whole % 60:02}"
