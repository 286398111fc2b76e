"""One plain command at work: what is started for it, and what its end says."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from hostkit.process import boot_id
from hostkit.store.model import Attempt, End, Phase, Verdict
from hostkit.tasks.agent import Ended
from hostkit.tasks.gang import Job, Over
from hostkit.tasks.model import COMMAND, GateCheck, Task
from hostkit.tasks.proving import check_argv, check_log, check_verdict
from hostkit.tasks.workshop import Workshop, last_line

_boot = cache(boot_id)


@dataclass(slots=True)
class Post:
    """One command at work: its attempt as it is, and as it was written last."""

    task: Task
    attempt: Attempt
    written: Attempt | None = None
    checked: int = 0  # how many of its checks passed
    said: list[str] = field(default_factory=list)


def first_of(shop: Workshop, task: Task, number: int, stamp: str, token: str) -> Attempt:
    """Return an attempt that begins now, as it is recorded before anything is started."""
    log = f"{shop.folders.logs}/{task.id}-{number}-run.log"  # as Folders.log has it
    return Attempt(
        id=0,
        project=shop.project,
        task=task.id,
        number=number,
        phase=Phase.RUNNING,
        end=End.NONE,
        why="",
        base="",
        commit="",
        worktree=str(shop.ground.checkout),
        log=log,
        token=token,
        pid=0,
        pid_start=0,
        boot=_boot(),
        began_ns=shop.clock.wall_ns(),
        ended_ns=0,
        agent=COMMAND,
        stamp=stamp,
    )


def job_of(shop: Workshop, post: Post) -> Job:
    """Return what is to be started next for it: the command, then its checks one by one."""
    attempt, task, run = post.attempt, post.task, post.task.run
    assert run is not None
    argv, log, timeout_s = run.argv, attempt.log, run.timeout_s
    if attempt.phase is Phase.PROVING:
        check = task.checks[post.checked]
        assert not isinstance(check, GateCheck)
        argv, log, timeout_s = check_argv(check, ""), str(_check_log(shop, post)), check.timeout_s
    return Job(task.id, argv, log, attempt.token, {"HOSTKIT_TASK": task.id}, timeout_s)


def fault_of(shop: Workshop, post: Post, over: Over, *, stopping: str) -> tuple[End, str] | None:
    """Return in which way what ended is not as it should be, or None: then it is noted what it was."""
    attempt = post.attempt
    if stopping:
        by = shop.run_stopped_by(attempt.began_ns)
        return End.STOPPED, stopping + (f" by {by}" if by else "")
    end, said = (_of_check if attempt.phase is Phase.PROVING else _of_command)(shop, post, over)
    if end is End.NONE:
        post.said.append(said)
        return None
    by = shop.called_off(attempt, attempt.began_ns)
    return (End.CALLED_OFF, f"by {by}") if by else (end, said)


def _of_command(shop: Workshop, post: Post, over: Over) -> tuple[End, str]:  # noqa: ARG001 - as its sibling
    run = post.task.run
    assert run is not None
    if over.refused:
        return End.COMMAND_FAILED, f"cannot be started: {over.refused}"
    if over.returncode == run.exit and not over.timed_out:
        return End.NONE, f"exit {over.returncode}"
    line = last_line(Path(post.attempt.log))
    said = f": {line}" if line else ""
    if over.timed_out:
        return End.COMMAND_TIMED_OUT, f"after {run.timeout_s:g} s{said}"
    wanted = f", {run.exit} wanted" if run.exit else ""
    return End.COMMAND_FAILED, f"exit {over.returncode}{wanted}{said}"


def _of_check(shop: Workshop, post: Post, over: Over) -> tuple[End, str]:
    check = post.task.checks[post.checked]
    if over.refused:
        return End.CHECK_FAILED, f"{check.title} cannot be started: {over.refused}"
    ended = Ended(over.returncode, over.timed_out, False)
    verdict, reason = check_verdict(check, ended, last_line(_check_log(shop, post)))
    if verdict is not Verdict.PASS:
        return End.CHECK_FAILED, f"{check.title}: {reason}"
    post.checked += 1
    return End.NONE, f"{check.title}: {reason}"


def _check_log(shop: Workshop, post: Post) -> Path:
    log = shop.folders.log(post.task.id, post.attempt.number, "proof")
    return check_log(log, post.checked + 1)


def outcome(attempt: Attempt) -> str:
    """Return in words how an attempt ended."""
    if attempt.phase is Phase.PROVED:
        return f"{attempt.why} in {(attempt.ended_ns - attempt.began_ns) / 1e9:.2f} s"
    return f"attempt {attempt.number}: {attempt.end.value}: {attempt.why}"
