"""Two things timed in turn (A B A B …), so that a machine that drifts does so under both."""

from __future__ import annotations

import re
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PART = re.compile(r"<=? ([\d.]+)(?: (ms|s|x|MB))?")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: medians, and the median of the pairwise ratios ours / peer.

    ``unit``: of both medians, "" for a plain number. ``target``: one or more of «<= NUMBER UNIT», joined by
    a comma; the unit ``x`` is for the ratio.
    """

    what: str
    ours_name: str
    ours: float
    peer_name: str
    peer: float
    ratio: float
    target: str = ""
    unit: str = "s"

    @property
    def met(self) -> bool | None:
        """Is every part of the target met? None where there is none."""
        parts = _PART.findall(self.target)
        return all(self._value(unit) <= float(limit) for limit, unit in parts) if parts else None

    def _value(self, unit: str) -> float:
        return {"x": self.ratio, "ms": self.ours * 1e3}.get(unit, self.ours)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two things: a name, and what to do once; for :func:`compare_values` it returns a number."""

    name: str
    once: Callable[[], Any]


def compare(what: str, ours: Side, peer: Side, *, runs: int = 7, target: str = "") -> Row:
    """Warm both up once, then time them in turn ``runs`` times."""
    ours.once()
    peer.once()
    pairs = [(timed(ours.once), timed(peer.once)) for _ in range(runs)]
    return _row(what, ours, peer, pairs, target, "s")


def _row(what: str, ours: Side, peer: Side, pairs: list[tuple[float, float]], target: str, unit: str) -> Row:
    return Row(
        what,
        ours.name,
        statistics.median(a for a, _ in pairs),
        peer.name,
        statistics.median(b for _, b in pairs),
        statistics.median(a / b for a, b in pairs),
        target,
        unit,
    )


def compare_values(
    what: str, ours: Side, peer: Side, *, runs: int = 7, target: str = "", unit: str = "s"
) -> Row:
    """Let both say a number in turn ``runs`` times: what they measured themselves."""
    pairs = [(float(ours.once()), float(peer.once())) for _ in range(runs)]
    return _row(what, ours, peer, pairs, target, unit)


def compare_all(ours: Sequence[tuple[str, Side, str]], peer: Side, *, runs: int) -> list[Row]:
    """Time several things and their peer in turn (A B P A B P …): a row each, with the same peer's times.

    ``ours``: what each row is about, what is done, and the target.
    """
    rounds = [([timed(side.once) for _, side, _ in ours], timed(peer.once)) for _ in range(runs)]
    return [
        _row(what, side, peer, [(times[place], beside) for times, beside in rounds], target, "s")
        for place, (what, side, target) in enumerate(ours)
    ]


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


def timed(once: Callable[[], object]) -> float:
    """Return how long something takes, in seconds."""
    began = time.perf_counter()
    once()
    return time.perf_counter() - began
