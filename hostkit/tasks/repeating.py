"""Where a plain command stands: what it was and ran on when it ended, beside what it would be now. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from hostkit.store.model import Attempt, End, OrderKind, Phase
from hostkit.tasks.budget import alike
from hostkit.tasks.ground import Stamp
from hostkit.tasks.model import Standing, State, Task
from hostkit.tasks.waiting import Grounds, Known, unstarted

_NOT_ITS_FAULT = (End.INTERRUPTED, End.STOPPED)


def command_standing(task: Task, tried: Sequence[Attempt], known: Known) -> Standing:
    """Return the standing of a command. ``tried``: its attempts, oldest first.

    It is verified while its newest attempt ended as wanted, with every check passed, as the very command
    that it is now, on what it would run on now, and what it wrote is still there. Anything else, also what
    cannot be read, is not verified.
    """
    last = tried[-1] if tried else None
    if last is not None and last.phase in (Phase.RUNNING, Phase.PROVING) and known.running:
        state = State.RUNNING if last.phase is Phase.RUNNING else State.PROVING
        return Standing(task.id, state, f"attempt {last.number}", attempts=len(tried))
    needs = [known.needs[need] for need in task.needs]
    if any(need.state is not State.VERIFIED for need in needs):
        return unstarted(task, "", len(tried), known)
    if known.around.ground is None:
        return Standing(task.id, State.PLANNED, "its checkout is not known", attempts=len(tried))
    for need in needs:
        if need.commit and not known.around.ground.has(need.commit):
            why = f"waits until what is checked out has the work of {need.task}, {need.commit[:12]}"
            return Standing(task.id, State.PLANNED, why, attempts=len(tried))
    if last is None:
        return unstarted(task, "", 0, known)
    stamp = known.around.ground.stamp(task, marks_of(needs))
    if last.stamp != str(stamp):
        changed = stamp.differs(Stamp.of(last.stamp))
        return unstarted(task, f"changed since attempt {last.number}: {changed}", len(tried), known)
    if last.phase is Phase.PROVED:
        return _proved(task, last, known.around.ground, known, len(tried))
    own = [each for each in tried if each.stamp == last.stamp]
    return _again(task, own, len(tried), known)


def marks_of(needs: Sequence[Standing]) -> tuple[str, ...]:
    """Return what verified tasks stand for towards those that need them."""
    return tuple(need.mark or need.commit for need in needs)


def _proved(task: Task, last: Attempt, ground: Grounds, known: Known, tried: int) -> Standing:
    if ground.wrote(task) != last.wrote:
        why = f"what attempt {last.number} wrote is gone or changed"
        return unstarted(task, why, tried, known)
    mark = f"{last.stamp} {last.wrote}".strip()
    return Standing(task.id, State.VERIFIED, last.why, attempts=tried, mark=mark)


def _again(task: Task, own: Sequence[Attempt], tried: int, known: Known) -> Standing:
    """It came to nothing as it is now: another attempt, or the end of it."""
    last = own[-1]
    why = f"{last.end.value}: {last.why}" if last.phase is Phase.ENDED else "was interrupted"
    retries = [each for each in known.orders if each.kind is OrderKind.RETRY]
    retried = max((each.number for each in retries), default=0)
    since = [each for each in own if each.number > retried]
    allowed = retries[-1].more if retries and len(since) < len(own) else task.attempts
    if not since:
        return unstarted(task, f"attempt {last.number}: {why}", tried, known)
    again = f"; try again: hostkit tasks retry {task.id}"
    if last.end is End.CALLED_OFF:
        return Standing(task.id, State.FAILED, f"{why}{again}", attempts=tried)
    row = alike(since)
    faults = sum(each.phase is Phase.ENDED and each.end not in _NOT_ITS_FAULT for each in since)
    if row >= known.same_cause and faults < allowed:
        said = f"{row} attempts in a row ended alike, so no more are made: {why}{again}"
        return Standing(task.id, State.FAILED, said, attempts=tried)
    if faults < allowed:
        return unstarted(task, f"attempt {last.number}: {why}", tried, known)
    return Standing(task.id, State.FAILED, why, attempts=tried)
