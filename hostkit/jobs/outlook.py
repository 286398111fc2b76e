"""What a job does now, why it waits, and when it is likely to begin, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hostkit.boards.model import BoardSpec
from hostkit.errors import UsageError
from hostkit.jobs.estimate import UNKNOWN_S, start_in_s
from hostkit.jobs.model import Attempt, Job, State, Step

_SOON_S = 1.0
_ENDING = "its processes are being ended"


@dataclass(frozen=True, slots=True)
class View:
    """One job: words for people, and ``news``, those of them that change only when something happens; how
    far it is (0 to 1) and how long it takes until it ends, where it runs, or begins, where it waits (seconds;
    None for unknown); the board that it has; and ``brief``, words for where there is little room."""

    words: str
    news: str
    board: str = ""
    fraction: float | None = None
    seconds: float | None = None
    brief: str = ""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known at a moment. ``waiting``: in the order of service; ``typical_s``: how long a step of an
    env takes, :data:`~hostkit.jobs.estimate.UNKNOWN_S` before one has ended; ``why_not``: why a board cannot
    be had, "" if it can; ``kept``: for which job a board is kept, by identity."""

    now_ns: int
    running: Mapping[int, Attempt]  # by number
    waiting: Sequence[Job]
    typical_s: Callable[[Step, str], float]
    build_slots: int
    boards_of: Callable[[Job], Sequence[BoardSpec]]
    why_not: Callable[[BoardSpec], str]
    spell_s: Callable[[float], str]
    drained: bool
    staffed: bool
    kept: Mapping[str, int] = field(default_factory=dict)

    def view(self, job: Job) -> View:
        """Return how a job stands."""
        if job.state in (State.RUNNING, State.CANCELLING):
            return self._running(job)
        if job.state is State.WAITING:
            return self._waiting(job)
        return View(self._ended(job) if job.state.ended else job.reason, job.reason)

    def _ended(self, job: Job) -> str:
        since = f"{self.spell_s((self.now_ns - job.ended_ns) / 1e9)} ago"
        if job.reason:
            return f"{job.reason} ({since})"
        return f"took {self.spell_s((job.ended_ns - job.began_ns) / 1e9)}, {since}" if job.began_ns else since

    def _running(self, job: Job) -> View:
        attempt = self.running.get(job.attempt)
        if attempt is None:
            return View(job.reason, job.reason)
        if job.state is State.CANCELLING:
            return View(_ENDING, _ENDING, attempt.board_name)
        step, took_s = attempt.step.value, (self.now_ns - attempt.began_ns) / 1e9
        words, usual_s = f"{step} for {self.spell_s(took_s)}", self.typical_s(attempt.step, job.wanted.env)
        left_s = usual_s - took_s
        if usual_s == UNKNOWN_S:
            return View(words, step, attempt.board_name)
        if left_s < _SOON_S:  # how much longer nobody knows
            usual, brief = self.spell_s(usual_s), f"{step} {self.spell_s(took_s)} of ~{self.spell_s(usual_s)}"
            return View(f"{words}, usually {usual}", step, attempt.board_name, brief=brief)
        left = f"~{self.spell_s(left_s)} left"
        fraction = max(0.0, took_s / usual_s)
        return View(f"{words}, {left}", step, attempt.board_name, fraction, left_s, f"{step} {left}")

    def _waiting(self, job: Job) -> View:
        tried = f" after try {job.tries}: {job.reason}" if job.tries and job.reason else ""
        pause_s = (job.not_before_ns - self.now_ns) / 1e9
        if self.drained or not self.staffed:
            words = ("the queue is drained" if self.drained else "no worker runs") + tried
            return View(words, words)
        if pause_s > 0:
            return View(f"again in {self.spell_s(pause_s)}{tried}", f"again{tried}", seconds=pause_s)
        ahead = self._ahead(job)
        try:
            starts_s = self._starts_s(job, ahead)
            reason = "" if ahead else self._hindrance(job)
        except UsageError as error:
            return View(error.message, error.message)
        place = f"{len(ahead) + 1}. in line"
        known = starts_s < UNKNOWN_S
        when = f", ~{self.spell_s(starts_s)} to go" if known and starts_s >= _SOON_S else ""
        told = f": {reason}" if reason else tried
        return View(f"{place}{when}{told}", f"in line{told}", seconds=starts_s if known else None)

    def _ahead(self, job: Job) -> list[Job]:
        """Return who is served before a job in its line."""
        ahead = []
        for other in self.waiting:
            if other.id == job.id:
                break
            if other.line == job.line:
                ahead.append(other)
        return ahead

    def _starts_s(self, job: Job, ahead: Sequence[Job]) -> float:
        took = [self.typical_s(each.now, each.wanted.env) for each in ahead]
        if not job.now.needs_board:
            building = [self._left_s(each) for each in self.running.values() if not each.board]
            return start_in_s(took, building, self.build_slots)
        free_at = [self._free_at_s(spec, job) for spec in self.boards_of(job)]
        if job.wanted.together:
            return start_in_s(took, [max(free_at)], 1)
        return start_in_s(took, [each for each in free_at if each > 0], len(free_at))

    def _left_s(self, attempt: Attempt) -> float:
        return self.typical_s(attempt.step, attempt.env) - (self.now_ns - attempt.began_ns) / 1e9

    def _free_at_s(self, spec: BoardSpec, job: Job) -> float:
        """Return in how many seconds a board is to be had by a job, 0 or less for now."""
        keeper = self._keeper(spec, job)
        if keeper is not None:
            return self._starts_s(keeper, ()) + self.typical_s(keeper.now, keeper.wanted.env)
        return max(
            (self._left_s(each) for each in self.running.values() if spec.identity in each.boards),
            default=0.0,
        )

    def _keeper(self, spec: BoardSpec, job: Job) -> Job | None:
        """Return the job that a board is kept for, if it stands before this one."""
        number = self.kept.get(spec.identity)
        if number is None or number == job.id:
            return None
        for each in self.waiting:
            if each.id in (number, job.id):
                return each if each.id == number else None
        return None

    def _hindrance(self, job: Job) -> str:
        """Return what a job waits for, "" when it is about to begin."""
        if not job.now.needs_board:
            builds = sum(attempt.step is Step.BUILD for attempt in self.running.values())
            return f"all {self.build_slots} build slots are taken" if builds >= self.build_slots else ""
        reasons = [self._why_not(spec, job) for spec in self.boards_of(job)]
        hindered = any(reasons) if job.wanted.together else all(reasons)
        return "; ".join(reason for reason in reasons if reason) if hindered else ""

    def _why_not(self, spec: BoardSpec, job: Job) -> str:
        keeper = self._keeper(spec, job)
        kept = f"{spec.name} is kept for job {keeper.id}" if keeper is not None else ""
        return self.why_not(spec) or kept
