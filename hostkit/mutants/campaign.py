"""All mutants through all lanes: the clean tree first, then one after the other, with every result kept."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from statistics import median
from typing import Any

from hostkit.errors import FailedError, ToolError
from hostkit.files import atomic_write
from hostkit.mutants.journal import Journal
from hostkit.mutants.messages import Do, Terms, end_of_record
from hostkit.mutants.model import Fate, Mutant, Result
from hostkit.mutants.pool import Lanes, Reply
from hostkit.mutants.suite import Ended, SuiteEnd
from hostkit.words import counted

QUICK = "seconds.json"
"""How long each test took on the clean tree."""

FIRST_TIMEOUT_S = 600.0
_SLACK_S, _SLACK_FACTOR = 30.0, 8.0  # a mutant may slow the suite down, and the machine may be busy
_TRIES = 2  # of a mutant whose trial was inconclusive, or whose lane died


class Told(Enum):
    """What a listener hears."""

    CLEAN = "clean"  # a run on the clean tree ended
    STAGE = "stage"  # a mutant has come so far
    AGAIN = "again"  # a mutant is to be tried once more
    RESULT = "result"
    WAIT = "wait"  # another run is under way in this checkout


Listener = Callable[[Told, Mutant | None, Result | None, str], None]
"""Hears what happened, to which mutant if any, its result if it has one, and in words."""


@dataclass(slots=True)
class _Work:
    """What is still to be done, and which lane is at what."""

    waiting: deque[Mutant]
    at: dict[int, Mutant] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=dict)


class Campaign:
    """Drives lanes; knows nothing of processes, boards and files but the journal."""

    def __init__(self, lanes: Lanes, count: int, directory: Path, listener: Listener) -> None:
        """Use ``count`` lanes; what belongs to the campaign goes to ``directory``."""
        self._lanes = lanes
        self._count = count
        self._directory = directory
        self._tell = listener
        self._terms: Terms | None = None
        self._inbox: deque[Reply] = deque()

    def open(self) -> str:
        """Start all lanes and build the clean tree; return its build id. Raises :class:`ToolError`."""
        # One after the other at the start: the first one builds, the others find it built.
        builds = {
            self._asked(lane, {"do": Do.OPEN.value}, start=True)["build"] for lane in range(self._count)
        }
        if len(builds) != 1:
            raise ToolError(
                "the sources were edited meanwhile", hint="leave the checkout alone, run it again"
            )
        return str(builds.pop())

    def prove_clean(self) -> SuiteEnd:
        """Run the suite on the clean tree on every lane, in its own order and with the quick tests first.

        Raises :class:`FailedError` when it does not pass: then a kill would prove nothing.
        """
        ends = self._clean_runs(FIRST_TIMEOUT_S, "")
        path = self._directory / QUICK
        atomic_write(path, json.dumps(seconds_by_test(ends)).encode(), durable=False)
        slowest = max(sum(took for _, took in end.seconds) for end in ends)
        limit = _SLACK_S + _SLACK_FACTOR * slowest
        self._clean_runs(limit, str(path))
        self._terms = Terms(limit, str(path), ends[0].skipped)
        for lane in range(self._count):
            self._judge(lane)
        return ends[0]

    def run(self, mutants: Sequence[Mutant], journal: Journal) -> dict[str, Result]:
        """Try every mutant that the journal has no result for; return all results by digest.

        Raises :class:`ToolError` when lanes die again and again.
        """
        results = {m.digest: journal.results[m.digest] for m in mutants if m.digest in journal.results}
        work = _Work(deque(m for m in mutants if m.digest not in results))
        for lane in range(self._count):
            self._next(lane, work)
        while work.at:
            self._take(self._heard(), work, results, journal)
        return results

    def _next(self, lane: int, work: _Work) -> None:
        if not work.waiting:
            return
        mutant = work.waiting.popleft()
        work.at[lane] = mutant
        self._lanes.ask(lane, {"do": Do.TRY.value, "mutant": mutant.record()})

    def _take(self, reply: Reply, work: _Work, results: dict[str, Result], journal: Journal) -> None:
        mutant = work.at.get(reply.lane)
        if mutant is None:
            return
        if reply.done is None and not reply.gone and not reply.error:
            self._tell(Told.STAGE, mutant, None, reply.note)
            return
        del work.at[reply.lane]
        result = self._result(reply, mutant)
        work.tries[mutant.digest] = work.tries.get(mutant.digest, 0) + 1
        if result.fate is Fate.INCONCLUSIVE and work.tries[mutant.digest] < _TRIES:
            self._tell(Told.AGAIN, mutant, None, f"inconclusive, to be tried again: {result.message}")
            work.waiting.append(mutant)
        else:
            results[mutant.digest] = result
            journal.add(result)
            self._tell(Told.RESULT, mutant, result, "")
        if reply.gone or reply.error:
            self._asked(reply.lane, {"do": Do.OPEN.value}, start=True)
            self._judge(reply.lane)
        self._next(reply.lane, work)

    def _result(self, reply: Reply, mutant: Mutant) -> Result:
        if reply.done is not None:
            return Result.of_record(reply.done)
        message = reply.error or f"lane {reply.lane} died"
        return Result(mutant.digest, Fate.INCONCLUSIVE, message=message)

    def _judge(self, lane: int) -> None:
        assert self._terms is not None
        terms = self._terms
        record = {"timeout_s": terms.timeout_s, "quick": terms.quick, "skipped": list(terms.skipped)}
        self._asked(lane, {"do": Do.JUDGE.value, "terms": record})

    def _clean_runs(self, timeout_s: float, quick: str) -> list[SuiteEnd]:
        message = {"do": Do.CLEAN.value, "timeout_s": timeout_s, "quick": quick}
        for lane in range(self._count):
            self._lanes.ask(lane, message)
        ends: list[SuiteEnd] = []
        while len(ends) < self._count:
            reply = self._heard()
            if not reply.note:
                ends.append(self._passed(end_of_record(_answer(reply)), quick))
        return ends

    def _passed(self, end: SuiteEnd, quick: str) -> SuiteEnd:
        order = "quick tests first" if quick else "in its own order"
        what = f"clean tree, {order}: {end.ended.value}, {counted(len(end.seconds), 'test')}"
        self._tell(Told.CLEAN, None, None, what)
        if end.ended is not Ended.PASSED:
            who = f"{end.test or 'the run'} {end.ended.value}: {end.message}"
            raise FailedError(
                f"the suite does not pass on the clean tree: {who}",
                hint="mend that first: on a red suite every mutant looks killed",
            )
        return end

    def _asked(self, lane: int, message: Mapping[str, Any], *, start: bool = False) -> Mapping[str, Any]:
        """Ask one lane and wait for its answer; what others say meanwhile is heard afterwards."""
        if start:
            self._lanes.start(lane)
        self._lanes.ask(lane, message)
        later: list[Reply] = []
        while True:
            reply = self._heard()
            if reply.lane == lane and not reply.note:
                self._inbox.extendleft(reversed(later))
                return _answer(reply)
            later.append(reply)

    def _heard(self) -> Reply:
        while not self._inbox:
            self._inbox.extend(self._lanes.wait())
        return self._inbox.popleft()


def _answer(reply: Reply) -> Mapping[str, Any]:
    if reply.done is not None:
        return reply.done
    message = reply.error or f"lane {reply.lane} died before it was ready"
    raise ToolError(message, hint=reply.hint or "run it again; what was found so far is kept")


def seconds_by_test(ends: Sequence[SuiteEnd]) -> dict[str, float]:
    """Return the middle of each test's times over several runs. Pure."""
    times: dict[str, list[float]] = {}
    for end in ends:
        for test, took in end.seconds:
            times.setdefault(test, []).append(took)
    return {test: median(took) for test, took in times.items()}
