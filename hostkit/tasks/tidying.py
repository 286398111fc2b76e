"""Worktrees within their quota and their time: only those go whose removal loses nothing."""

from __future__ import annotations

from collections.abc import Collection

from hostkit.tasks.quota import over_quota
from hostkit.tasks.workshop import Workshop

_DAY_NS = 24 * 3600 * 1_000_000_000


def tidy(shop: Workshop, busy: Collection[str]) -> tuple[str, ...]:
    """Remove worktrees without work in them: old ones, and beyond the quota the oldest of the others.

    ``busy`` ones are left alone. Returns the tasks whose worktrees went; their stories say so.
    """
    limits, tip = shop.plan.limits, shop.git.resolve(f"refs/heads/{shop.plan.target}")
    last: dict[str, int] = {}
    for attempt in shop.attempts.all():
        last[attempt.task] = max(last.get(attempt.task, 0), attempt.ended_ns or attempt.began_ns)
    old_ns = shop.clock.wall_ns() - round(limits.keep_days * _DAY_NS)
    gone: list[str] = []
    idle = [task for task in shop.worktrees.kept() if task not in busy]
    for task in sorted(idle, key=lambda each: last.get(each, 0)):
        if (
            last.get(task, 0) < old_ns or over_quota(limits, shop.worktrees)
        ) and shop.worktrees.remove_merged(task, tip):
            gone.append(task)
            shop.attempts.note(task, shop.clock.wall_ns(), "worktree removed: there was no work in it")
    return tuple(gone)
