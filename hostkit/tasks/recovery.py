"""What a runner that died left: no process of it is left, and its attempts go on or are over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hostkit.process import boot_id
from hostkit.store.commands import Change
from hostkit.store.model import Attempt, End, Phase
from hostkit.tasks.agent import end_marked
from hostkit.tasks.foreman import end_strays
from hostkit.tasks.workshop import Workshop


def recover(shop: Workshop) -> None:
    """Clear up after a runner that died: no process of its attempts is left, its attempts go on or are over.

    Call it with the runner's lock held: whatever counts as running then has nobody who runs it.
    """
    shop.worktrees.drop_apart()
    for old in shop.attempts.all():
        if old.phase not in (Phase.RUNNING, Phase.PROVING):
            continue
        if old.boot == boot_id():
            end_marked(old.token, shop.clock)
        if old.phase is Phase.RUNNING:
            shop.attempts.left(old, _last_heard_ns(shop, old))
            why = f"the runner died while the agent (pid {old.pid}) worked; log: {Path(old.log)}"
            shop.attempts.finish(old, End.INTERRUPTED, why, shop.clock.wall_ns())
        else:
            shop.attempts.advance(
                old, Phase.CLAIMED, shop.clock.wall_ns(), why="the runner died while it was proved"
            )


def _last_heard_ns(shop: Workshop, old: Attempt) -> int:
    """Return when an agent that died with its runner last wrote something: it worked at least that long."""
    try:
        heard_ns = Path(old.log).stat().st_mtime_ns
    except OSError:
        return old.began_ns
    return min(max(heard_ns, old.began_ns), shop.clock.wall_ns())


def recover_commands(shop: Workshop) -> None:
    """Do the same for plain commands, of every checkout. Their own foreman has ended them long ago."""
    left = [old for old in shop.commands.all() if old.phase in (Phase.RUNNING, Phase.PROVING)]
    for run in {old.token.partition(".")[0] for old in left if old.boot == boot_id()}:
        end_strays(run)
    now_ns = shop.clock.wall_ns()
    changes = []
    for old in left:
        doing = "ran" if old.phase is Phase.RUNNING else "was checked"
        why = f"the runner died while the command (pid {old.pid}) {doing}; log: {old.log}"
        over = replace(old, phase=Phase.ENDED, end=End.INTERRUPTED, why=why, ended_ns=now_ns, left_ns=now_ns)
        changes.append(Change(old, over))
    shop.commands.write((), changes)
