"""One attempt: a worktree, a brief, an agent, and what came of it. The agent's word is only a claim."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from hostkit.files import atomic_write
from hostkit.process import Command, boot_id
from hostkit.store.model import Attempt, Beginning, End, Phase
from hostkit.tasks.agent import Ended, end_marked, marked_environment
from hostkit.tasks.brief import FLASHES_COUNTED, Handover, brief_text, seen_environment
from hostkit.tasks.findings import evidence_of_failure, results_of_needs
from hostkit.tasks.git import clean_environment
from hostkit.tasks.model import Standing, Task
from hostkit.tasks.patterns import outside
from hostkit.tasks.workshop import Workshop, last_line
from hostkit.tasks.worktree import BRANCHES, NoBaseError, Prepared

_MOST_NAMED = 5  # paths named in a reason


@dataclass(frozen=True, slots=True)
class _Came:
    """What came of an agent: a commit to claim, or an end with its reason."""

    end: End
    why: str
    commit: str = ""


def attempt(shop: Workshop, task: Task, standing: Standing, needs: Sequence[str]) -> Attempt:
    """Start the task's agent once and return the attempt, claimed or ended.

    ``needs``: the verified commits that the work builds on. Records before it starts anything, so that
    a runner that dies midway leaves an attempt that the next one recognises.
    """
    token = secrets.token_hex(16)
    number = standing.attempts + 1
    log = shop.folders.log(task.id, number, "agent")
    try:
        prepared = shop.worktrees.prepare(task.id, needs)
    except NoBaseError as error:
        where = str(shop.worktrees.path(task.id))
        beginning = Beginning(task.id, "", where, str(log), token, boot_id(), task.agent.name)
        begun = shop.attempts.begin(beginning, _now(shop))
        return shop.attempts.finish(begun, End.NO_BASE, error.message, _now(shop))
    before = standing.why if number > 1 else ""
    text = brief_text(task, before, evidence_of_failure(shop, task), results_of_needs(shop, task))
    where = str(prepared.path)
    beginning = Beginning(task.id, prepared.base, where, str(log), token, boot_id(), task.agent.name)
    begun = shop.attempts.begin(beginning, _now(shop))
    ended = _run_agent(shop, task, begun, text)
    came = _came(shop, task, begun, ended, prepared)
    if came.end is not End.NONE:
        shop.tell(task.id, f"attempt {begun.number}: {came.end.value}: {came.why}")
        return shop.attempts.finish(begun, came.end, came.why, _now(shop))
    shop.tell(task.id, f"claims {came.commit[:12]}")
    _note_judges(shop, task, begun, came.commit)
    return shop.attempts.advance(begun, Phase.CLAIMED, _now(shop), commit=came.commit)


def _note_judges(shop: Workshop, task: Task, begun: Attempt, commit: str) -> None:
    """Say for all to see that the work changes what it is judged by: its ``files`` allow that."""
    changed = shop.git.changed_between(_origin(shop, task, commit), commit)
    if judges := [path for path in changed if path not in outside(changed, shop.judges)]:
        said = f"attempt {begun.number} changes what it is judged by: {_few(judges)}"
        shop.tell(task.id, said)
        shop.attempts.note(task.id, _now(shop), said)


def _run_agent(shop: Workshop, task: Task, begun: Attempt, text: str) -> Ended:
    path = shop.folders.brief(task.id, begun.number)
    atomic_write(path, text.encode())
    worktree = shop.worktrees.path(task.id)
    handover = Handover(path, worktree, begun.token, begun.base)
    environment = seen_environment(clean_environment(shop.env), task.agent.env) | handover.environment(task)
    if shop.plan.limits.flashes_per_hour or task.agent.budget.flashes_per_hour:
        environment[FLASHES_COUNTED] = "1"
    command = Command(
        handover.argv(task, text),
        cwd=worktree,
        env=marked_environment(environment, begun.token),
        timeout_s=task.agent.timeout_s,
    )
    shop.tell(task.id, f"attempt {begun.number}: {task.agent.name} works in {worktree}")

    def record(pid: int, start_ticks: int) -> None:
        shop.attempts.started(begun, pid, start_ticks)

    try:
        return shop.children.run(command, shop.folders.log(task.id, begun.number, "agent"), record)
    finally:
        end_marked(begun.token, shop.clock)
        shop.attempts.left(begun, _now(shop))


def _came(shop: Workshop, task: Task, begun: Attempt, ended: Ended, prepared: Prepared) -> _Came:
    """Judge what the agent left. Nothing that is not committed on the task's own branch counts."""
    if by := shop.called_off(begun, begun.began_ns):
        return _Came(End.CALLED_OFF, f"by {by}")
    if ended.stopped:
        by = shop.run_stopped_by(begun.began_ns)
        why = shop.children.why or "the runner was stopped"
        return _Came(End.STOPPED, why + (f" by {by}" if by else ""))
    if ended.timed_out:
        return _Came(End.AGENT_TIMED_OUT, f"after {task.agent.timeout_s:g} s; log: {begun.log}")
    if ended.returncode != 0:
        said = last_line(shop.folders.log(task.id, begun.number, "agent"))
        return _Came(End.AGENT_FAILED, f"exit {ended.returncode}" + (f": {said}" if said else ""))
    git = shop.git.at(prepared.path)
    commit = git.resolve("HEAD")
    if git.resolve(f"refs/heads/{BRANCHES}{task.id}") != commit:
        return _Came(End.NO_COMMIT, f"the branch {BRANCHES}{task.id} is not what is checked out")
    if commit == prepared.base:
        return _Came(End.NO_COMMIT, f"the agent ended well but left nothing on top of {commit[:12]}")
    if not git.is_ancestor(prepared.base, commit):
        return _Came(End.NO_COMMIT, f"the branch lost what it began with, {prepared.base[:12]}")
    if changed := git.changed_paths():
        return _Came(End.UNCOMMITTED, _few(changed))
    foreign = outside(git.changed_between(_origin(shop, task, commit), commit), task.files)
    if foreign:
        return _Came(End.OUTSIDE_FILES, f"{_few(foreign)}; allowed: {', '.join(task.files)}")
    return _Came(End.NONE, "", commit)


def _origin(shop: Workshop, task: Task, commit: str) -> str:
    """Return where the task's work began: the base of its first attempt, so that a retry hides nothing."""
    bases = [tried.base for tried in shop.tried(task.id) if tried.base]
    return next((base for base in bases if shop.git.is_ancestor(base, commit)), bases[-1])


def _few(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _MOST_NAMED} more" if len(paths) > _MOST_NAMED else ""
    return ", ".join(paths[:_MOST_NAMED]) + more


def _now(shop: Workshop) -> int:
    return shop.clock.wall_ns()
