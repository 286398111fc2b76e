"""Two things timed in turn (A B A B …), so that a machine that drifts does so under both."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: medians in seconds, and the median of the pairwise ratios ours / peer."""

    what: str
    ours_name: str
    ours_s: float
    peer_name: str
    peer_s: float
    ratio: float
    target: str = ""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two things: a name, and what to do once; for :func:`compare_values` it returns a number."""

    name: str
    once: Callable[[], Any]


def compare(what: str, ours: Side, peer: Side, *, runs: int = 7, target: str = "") -> Row:
    """Warm both up once, then time them in turn ``runs`` times."""
    ours.once()
    peer.once()
    pairs = [(_timed(ours.once), _timed(peer.once)) for _ in range(runs)]
    return Row(
        what,
        ours.name,
        statistics.median(a for a, _ in pairs),
        peer.name,
        statistics.median(b for _, b in pairs),
        statistics.median(a / b for a, b in pairs),
        target,
    )


def compare_values(what: str, ours: Side, peer: Side, *, runs: int = 7, target: str = "") -> Row:
    """Let both say a number in turn ``runs`` times: what they measured themselves."""
    pairs = [(float(ours.once()), float(peer.once())) for _ in range(runs)]
    return Row(
        what,
        ours.name,
        statistics.median(a for a, _ in pairs),
        peer.name,
        statistics.median(b for _, b in pairs),
        statistics.median(a / b for a, b in pairs),
        target,
    )


def command(
    name: str, argv: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Side:
    """Return a side that runs a program to its end. An exit code other than 0 stops the benchmark."""

    def once() -> None:
        done = subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(
                f"{name}: exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
            )

    return Side(name, once)


def _timed(once: Callable[[], object]) -> float:
    began = time.perf_counter()
    once()
    return time.perf_counter() - began
