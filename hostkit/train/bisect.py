"""Which commit broke it? A search by verdicts alone. Pure: who asks for a verdict is the caller's matter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hostkit.train.machine import Outcome


@dataclass(frozen=True, slots=True)
class Found:
    """``suspects``: the commits, oldest first, of which one is the first bad one; a single one is it.

    More are left only where those between gave no verdict, pass or fail. ``asked`` counts commits.
    """

    suspects: tuple[str, ...]
    asked: int

    @property
    def culprit(self) -> str:
        """Return the first bad commit, "" when it could not be told which of several it is."""
        return self.suspects[0] if len(self.suspects) == 1 else ""


def first_bad(commits: Sequence[str], judge: Callable[[str], Outcome]) -> Found:
    """Search ``commits``, oldest first, whose last one fails and before whose first one all was well.

    Halves what is left with every pass or fail; a commit without either is left out, and the nearest one
    that was not asked takes its place. ``judge`` is called at most once a commit. Raises
    :class:`ValueError` for no commits.
    """
    if not commits:
        raise ValueError("no commits to search")
    left = list(commits[:-1])  # may still be good or bad, those without a verdict taken out
    good, bad = -1, len(commits) - 1
    place = {commit: number for number, commit in enumerate(commits)}
    asked = 0
    while left:
        middle = (good + bad) / 2
        commit = min(left, key=lambda each: abs(place[each] - middle))
        outcome = judge(commit)
        asked += 1
        if outcome is Outcome.PASS:
            good = place[commit]
        elif outcome is Outcome.FAIL:
            bad = place[commit]
        left = [each for each in left if each != commit and good < place[each] < bad]
    return Found(tuple(commits[good + 1 : bad + 1]), asked)
