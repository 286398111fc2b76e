"""The disk that worktrees may take. Beyond it no further one is made; none with work in it goes for that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from hostkit.tasks.model import Hold, Limits, Standing, State
from hostkit.tasks.worktree import Worktrees


def over_quota(limits: Limits, worktrees: Worktrees) -> str:
    """Return that the worktrees take more than they may, or ""."""
    most = limits.worktrees_mb
    used_mb = worktrees.used_bytes() / 1e6 if most is not None else 0.0
    return "" if most is None or used_mb < most else f"worktrees take {used_mb:.1f} of {most:g} MB"


def within_quota(
    limits: Limits, worktrees: Worktrees, now: dict[str, Standing], without: Collection[str] = ()
) -> dict[str, Standing]:
    """Return the standings; where there is no room for a further worktree, those that need one are held.

    ``without``: the tasks that never have one.
    """
    if limits.worktrees_mb is None:
        return now
    there = {*worktrees.kept(), *without}
    waiting = [each for each in now.values() if each.state is State.READY and each.task not in there]
    said = over_quota(limits, worktrees) if waiting else ""
    if not said:
        return now
    why = f"{said}; merge or remove what has work in it: {worktrees.folder}"
    return now | {each.task: replace(each, why=why, hold=Hold(why)) for each in waiting}
