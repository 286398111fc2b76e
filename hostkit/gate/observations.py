"""What the suite wrote, as facts for a decision."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from hostkit.errors import ToolError
from hostkit.gate.model import IdentityFact, Observation, SuiteFact
from hostkit.gate.parts import SuiteEnd
from hostkit.hil.observations import Observations, TestSeen, read_observations
from hostkit.process import Finished
from hostkit.store.model import Rung

_PROGRESS = re.compile(r"[.FEsxX]*\s*(\[ *\d+%\])?")  # dots of tests: they say nothing of an end


def read_suite(path: Path, ended: Finished) -> tuple[SuiteFact, IdentityFact | None, tuple[Observation, ...]]:
    """Return how the suite ended, who the board said it is, and what each test saw.

    A file that was never written is a suite that did not get that far, not an error.
    """
    try:
        found = read_observations(path)
    except ToolError:
        found = Observations()
    return facts_of(found, SuiteEnd(ended.returncode, ended.timed_out), ended.output)


def facts_of(
    found: Observations, end: SuiteEnd, output: str
) -> tuple[SuiteFact, IdentityFact | None, tuple[Observation, ...]]:
    """Return the same of records that were read already; ``output``: what pytest printed."""
    kept = observations_of(found)
    suite = SuiteFact(
        collected=found.collected,
        finished=found.summary is not None,
        exit_code=end.exit_code,
        timed_out=end.timed_out,
        broken_records=found.broken + len(found.tests) - len(kept),
        left_out=found.left_out,
        agrees=_agrees(found),
        said=_complaint(output),
        nonce=found.summary.nonce if found.summary is not None else 0,
    )
    return suite, _identity(found), kept


def observations_of(found: Observations) -> tuple[Observation, ...]:
    """Return what each test saw; a test with a rung that there is not is no record of one."""
    kept: list[Observation] = []
    for seen in found.tests:
        with suppress(ValueError):
            kept.append(_observation(seen))
    return tuple(kept)


def worst_of(suites: Sequence[SuiteFact | None]) -> SuiteFact | None:
    """Return the end of a suite that several boards shared: the worst of it; None where one did not begin."""
    ended = [suite for suite in suites if suite is not None]
    if len(ended) < len(suites):
        return None
    return replace(
        ended[0],
        finished=all(suite.finished for suite in ended),
        exit_code=next((suite.exit_code for suite in ended if suite.exit_code), 0),
        timed_out=any(suite.timed_out for suite in ended),
        broken_records=sum(suite.broken_records for suite in ended),
        agrees=all(suite.agrees for suite in ended),
    )


def _observation(seen: TestSeen) -> Observation:
    return Observation(
        test=seen.test,
        outcome=seen.outcome,
        rung=Rung.from_word(seen.rung) if seen.rung else None,
        seconds=seen.seconds,
        message=seen.message,
        pattern=seen.pattern,
        build=seen.build,
        numbers=seen.numbers,
        invalid=seen.invalid,
        where=seen.where,
    )


def _agrees(found: Observations) -> bool:
    """Does the last record count the tests that the file holds? Not so when somebody rewrote some of them."""
    if found.summary is None:
        return True
    seen = Counter(test.outcome.value for test in found.tests)
    counts = found.summary.counts
    return all(seen[outcome] == counts.get(outcome, 0) for outcome in {*seen, *counts})


def _identity(found: Observations) -> IdentityFact | None:
    if found.identity is None:
        return None
    return IdentityFact(str(found.identity.get("build", "")), str(found.identity.get("mac", "")))


def _complaint(output: str) -> str:
    """Return the line of pytest's output that says most about its end, at most 200 characters."""
    lines = [line.strip(" !") for line in output.splitlines() if not _PROGRESS.fullmatch(line.strip())]
    raised = [line[1:].strip() for line in lines if line.startswith("E  ")]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (raised[-1:] or errors[-1:] or lines[-1:] or [""])[0][:200]
