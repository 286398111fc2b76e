"""What several boards saw of a suite that they shared, as one; and whether it is one. Pure.

Most tests are run by one board. Those that speak of a board are run by each, and count as the worst that
came of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from hostkit.gate.model import Facts, Finding
from hostkit.gate.parts import folder_of
from hostkit.hil.observations import Observations, Outcome, TestSeen
from hostkit.store.model import Verdict
from hostkit.words import counted, first_of

_TROUBLE = (Outcome.FAILED, Outcome.ERROR, Outcome.LOST, Outcome.FLAKY)
_BAD_FIRST = (*_TROUBLE, Outcome.SKIPPED, Outcome.NOT_APPLICABLE, Outcome.PASSED)


def joined(seen: Sequence[tuple[str, Observations]]) -> Observations:
    """Return the observations of boards, by name, as those of one suite; the first lie in the bundle itself.

    They are in the order of their files. A test that failed says on which board; pictures are named from the
    bundle's own folder on.
    """
    tests: dict[str, list[TestSeen]] = {}
    for number, (board, each) in enumerate(seen):
        for test in each.tests:
            folder = folder_of(board) if number else ""
            tests.setdefault(test.test, []).append(_of_board(test, board, folder))
    first = seen[0][1]
    whole = all(each.summary is not None for _, each in seen)
    return replace(
        first,
        tests=tuple(_worst(tests[name]) for name in sorted(tests, key=lambda name: name.split("::")[0])),
        summary=first.summary if whole else None,
        broken=sum(each.broken for _, each in seen),
    )


def _of_board(test: TestSeen, board: str, folder: str) -> TestSeen:
    message = f"{board}: {test.message}" if test.outcome in _TROUBLE else test.message
    return replace(test, message=message, pictures=tuple(folder + name for name in test.pictures))


def _worst(found: Sequence[TestSeen]) -> TestSeen:
    worst = min(found, key=lambda test: _BAD_FIRST.index(test.outcome))
    return replace(worst, invalid=any(test.invalid for test in found))


def check_shares(facts: Facts) -> Iterator[Finding]:
    """Did the boards share one suite, and did they run all of it between them?"""
    suites = [share.facts.suite for share in facts.shares if share.facts.suite is not None]
    if not suites or len(suites) < len(facts.shares) or any(suite.collected is None for suite in suites):
        return  # a board without a suite, or whose suite did not get that far, has a finding of its own
    told = {(share.tests_sha256, share.every_board) for share in facts.shares}
    if len(told) > 1 or not facts.shares[0].tests_sha256 or len({suite.collected for suite in suites}) > 1:
        yield Finding(Verdict.INVALID, "the boards did not share one suite: they collected different tests")
        return
    macs = [share.facts.identity.mac for share in facts.shares if share.facts.identity is not None]
    if len(set(macs)) < len(macs):
        yield Finding(Verdict.INVALID, "one board answered in the place of several")
    if not all(suite.finished for suite in suites):
        return  # how one ended is said of it
    takers: dict[str, int] = {}
    for share in facts.shares:
        for test in {seen.test for seen in share.facts.observations}:
            takers[test] = takers.get(test, 0) + 1
    odd = [test for test, times in takers.items() if times not in (1, len(facts.shares))]
    if odd:
        yield Finding(Verdict.INVALID, f"{first_of(odd, 'test')} ran on some boards, and not on others")
    wanted, every = suites[0].collected or 0, facts.shares[0].every_board
    if len(takers) != wanted:
        missing = f"{len(takers)} of {counted(wanted, 'test')} reported by the boards together"
        yield Finding(Verdict.INCONCLUSIVE, missing)
    if (ran := sum(times == len(facts.shares) for times in takers.values())) < every:
        marked = f"{ran} of {counted(every, 'test')} marked every_board ran on each of the boards"
        yield Finding(Verdict.INCONCLUSIVE, marked)


def of_each(facts: Facts, check: Callable[[Facts], Iterator[Finding]]) -> Iterator[Finding]:
    """Return what a check finds, of each board where several shared the suite: then it says of which."""
    if not facts.shares:
        yield from check(facts)
    for share in facts.shares:
        for finding in check(share.facts):
            yield replace(finding, reason=f"{share.board}: {finding.reason}")
