"""Names of runs."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from hostkit.clock import Clock


def new_run_id(clock: Clock) -> str:
    """Return an id that sorts by time (UTC, to the second) and that no other run has."""
    moment = datetime.fromtimestamp(clock.wall_ns() // 1_000_000_000, UTC)
    return f"{moment:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
