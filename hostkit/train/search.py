"""The search for the first bad commit on a board: verdicts that are there are used, others are asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

from hostkit.errors import InconclusiveError, UsageError
from hostkit.tasks.agent import Children
from hostkit.tasks.lock import runner_lock
from hostkit.train.bisect import Found, first_bad
from hostkit.train.machine import Outcome
from hostkit.train.site import Tested
from hostkit.train.yard import Yard


@dataclass(slots=True)
class Search:
    """Judges commits on the yard's first board. ``said``: what was found out, by commit."""

    yard: Yard
    said: dict[str, Tested] = field(default_factory=dict)

    def run(self, good: str, bad: str) -> Found:
        """Return the first commit after ``good``, up to ``bad``, that fails, along first parents.

        Both ends are judged first. Raises :class:`UsageError` when they do not fit: ``good`` is no
        ancestor, fails, or ``bad`` passes; :class:`InconclusiveError` when an end has no verdict.
        """
        git = self.yard.git
        if good == bad or not git.is_ancestor(good, bad):
            raise UsageError(
                f"{good[:12]} is no ancestor of {bad[:12]}",
                hint="name the good commit first, then the bad one",
            )
        commits = git.run("rev-list", "--first-parent", "--reverse", f"{good}..{bad}").split()
        with runner_lock(self.yard.folder / "runner.lock", self.yard.clock, "bisects"):
            self.yard.clear()
            self._expect(good, Outcome.PASS, "the good one fails itself", "name an older one")
            self._expect(bad, Outcome.FAIL, "the bad one passes", "there is nothing to find")
            return first_bad(commits, self._judge)

    def _expect(self, commit: str, wanted: Outcome, problem: str, hint: str) -> None:
        outcome = self._judge(commit)
        why = self.said[commit].why
        if outcome is Outcome.UNKNOWN:
            raise InconclusiveError(
                f"{commit[:12]} has no verdict: {why}", hint="mend that, or name another commit"
            )
        if outcome is not wanted:
            raise UsageError(f"{problem}: {commit[:12]}: {why}", hint=hint)

    def _judge(self, commit: str) -> Outcome:
        if self.yard.proof(commit).verdict is None:
            self.yard.tell(f"{commit[:12]}: is gated now, nobody has a verdict of it")
        tested = self.yard.test(0, commit, (), Children())
        self.said[commit] = tested
        self.yard.tell(f"{commit[:12]}: {tested.outcome.value}: {tested.why}")
        return tested.outcome
