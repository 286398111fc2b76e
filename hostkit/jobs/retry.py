"""Whether a job is tried again, and when: the set-up is retried, never the test."""

from __future__ import annotations

from dataclasses import dataclass

from hostkit.jobs.model import Job, Outcome, Step
from hostkit.jobs.transitions import VERDICT_OF, Event

_AGAIN = (Outcome.INCONCLUSIVE, Outcome.TIMED_OUT)
_LONGEST_POWER = 32  # 2 ** 32 seconds is past every cap


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often, and how far apart (seconds): ``base`` doubles with each try up to ``cap``.

    ``jitter``: the share of a pause that is left to chance, so that jobs that failed together do not come
    back together. ``lost``: how many workers a job may outlive; a job that brings down each of its workers
    must end too.
    """

    budget: int = 4
    base_s: float = 5.0
    cap_s: float = 300.0
    jitter: float = 0.5
    lost: int = 20

    def pause_s(self, tries: int, chance: float) -> float:
        """Return the pause after the ``tries``-th try (from 1); ``chance`` is from 0 up to 1."""
        full = min(self.cap_s, self.base_s * 2.0 ** min(tries - 1, _LONGEST_POWER))
        return full * (1 - self.jitter * chance)


@dataclass(frozen=True, slots=True)
class Next:
    """What happens to a job after an attempt, and how long it pauses first (seconds)."""

    event: Event
    pause_s: float = 0.0
    tries: int = 0
    lost: int = 0


def next_after(job: Job, outcome: Outcome, policy: RetryPolicy, chance: float) -> Next:
    """Return what follows on an attempt at a job's present step.

    A build that fails does not yet end a gate: the gate itself says so, with evidence, and needs no board
    for it.
    """
    last = job.step + 1 >= len(job.wanted.steps)
    judged_later = outcome is Outcome.FAIL and not last and job.wanted.steps[-1] is Step.GATE
    if not last and (outcome is Outcome.PASS or judged_later):
        return Next(Event.ADVANCE, tries=job.tries, lost=job.lost)
    if outcome in VERDICT_OF:
        return Next(VERDICT_OF[outcome], tries=job.tries, lost=job.lost)
    if outcome is Outcome.STOPPED:
        return Next(Event.AGAIN, tries=job.tries, lost=job.lost)
    if outcome is Outcome.BUSY:  # nobody's fault: it stands in line again as long as it takes
        return Next(Event.AGAIN, policy.base_s, job.tries, job.lost)
    if outcome is Outcome.LOST:
        event = Event.AGAIN if job.lost + 1 < policy.lost else Event.GIVE_UP
        return Next(event, tries=job.tries, lost=job.lost + 1)
    assert outcome in _AGAIN, outcome
    tries = job.tries + 1
    if tries >= policy.budget:
        return Next(Event.GIVE_UP, tries=tries, lost=job.lost)
    return Next(Event.AGAIN, policy.pause_s(tries, chance), tries, job.lost)
