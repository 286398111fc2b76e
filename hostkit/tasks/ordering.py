"""What a person orders of tasks: another attempt, the end of one, the end of the run. All of it is kept."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

from hostkit.errors import ToolError, UsageError
from hostkit.store.model import Order, OrderKind
from hostkit.tasks.agent import end_marked, marked_processes
from hostkit.tasks.lock import is_running, runner_pid
from hostkit.tasks.model import Standing, State
from hostkit.tasks.workshop import Workshop

AT_WORK = (State.RUNNING, State.PROVING)
"""States in which processes of a task run."""

_GRACE_S = 3.0
_PATIENCE_S = 60.0  # a runner that is told to end ends its agents first
_PAUSE_S = 0.05


def retry(shop: Workshop, task: str, by: str, more: int) -> Order:
    """Allow ``more`` attempts at a task that failed, or that a breaker holds.

    Raises :class:`UsageError` for one that neither failed nor is held by an agent's failures.
    """
    standing = shop.standings(running=is_running(shop.folders.lock))[task]
    held = standing.hold is not None and standing.blocked == (task,)
    if standing.state is not State.FAILED and not held:
        raise UsageError(
            f"{task} did not fail: it is {standing.state.value}: {standing.why}",
            hint="a retry is for a task that failed, or whose agent is held",
        )
    return shop.order(task, OrderKind.RETRY, by, more=more)


def stop_task(shop: Workshop, task: str, by: str) -> int:
    """End every process that is at work for a task; return how many there were. The run goes on.

    The attempt counts. An agent that is stopped starts no more until a retry is ordered; a proof that is
    stopped is made again by the next run. Raises :class:`UsageError` when nothing is at work.
    """
    standing = shop.standings(running=is_running(shop.folders.lock))[task]
    if standing.state not in AT_WORK:
        raise UsageError(
            f"{task} is not at work: it is {standing.state.value}: {standing.why}",
            hint="see what is: hostkit tasks status",
        )
    token = shop.tried(task)[-1].token
    shop.order(task, OrderKind.STOP, by)
    told = marked_processes(token)
    for pid in told:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGTERM)
    until = shop.clock.monotonic_ns() + _GRACE_S * 1e9
    while marked_processes(token) and shop.clock.monotonic_ns() < until:
        shop.clock.sleep(_PAUSE_S)
    return max(len(told), end_marked(token, shop.clock))


def stop_run(shop: Workshop, by: str) -> int:
    """End the runner with all of its agents and checks; return its pid. The next run goes on.

    Raises :class:`UsageError` when none is at work, :class:`ToolError` when it does not end in a minute.
    """
    pid = runner_pid(shop.folders.lock)
    if not pid:
        raise UsageError("no run of this project is at work", hint="start one: hostkit tasks run")
    shop.attempts.order("", OrderKind.STOP, by, shop.clock.wall_ns())
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    until = shop.clock.monotonic_ns() + _PATIENCE_S * 1e9
    while runner_pid(shop.folders.lock) == pid:
        if shop.clock.monotonic_ns() > until:
            raise ToolError(
                f"the run (pid {pid}) does not end", hint=f"end it: kill -9 {pid}; the next run goes on"
            )
        shop.clock.sleep(_PAUSE_S)
    return pid


def is_settled(standing: Standing) -> bool:
    """True when nothing more is to be heard of a task in this run."""
    return standing.state not in (*AT_WORK, State.CLAIMED)
