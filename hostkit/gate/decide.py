"""The decision, as a pure function: rules and facts in, a verdict with reasons out.

Each check looks at the facts alone and may find something. The most severe finding is the verdict:
invalid, then fail, then inconclusive; a pass is what remains when nothing was found. So another failing
observation can never make a verdict better, and no check has to know of the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial

from hostkit.boards.model import Fidelity
from hostkit.gate.challenge import check_challenges
from hostkit.gate.model import (
    BEYOND,
    ESTABLISHES,
    LEAVES_OPEN,
    Decision,
    Facts,
    Finding,
    Observation,
    Rules,
)
from hostkit.gate.quarantine import check_quarantine, entry_of, set_aside, told_aside
from hostkit.gate.rungs import BY_RECORD, executed, reached_rung, soaked_s
from hostkit.gate.shares import check_shares, of_each
from hostkit.gate.tools import check_tools
from hostkit.gate.waived import Waives
from hostkit.gate.waivers import check_waivers, split_waived, told_ignored
from hostkit.hil.duration import LEAST_SOAK_S
from hostkit.hil.observations import Outcome
from hostkit.store.model import Rung, Verdict
from hostkit.words import counted, first_of

_IDLE = (Outcome.SKIPPED, Outcome.NOT_APPLICABLE)  # nothing was asked of the board
_TROUBLE = (
    (Outcome.FAILED, Verdict.FAIL, "failed"),
    (Outcome.ERROR, Verdict.FAIL, "ended in an error"),
    (Outcome.LOST, Verdict.INCONCLUSIVE, "lost the board"),
    (Outcome.FLAKY, Verdict.INCONCLUSIVE, "is flaky"),
)
_NO_PASS = tuple(outcome for outcome, _, _ in _TROUBLE)
_PYTEST_OK, _PYTEST_FAILED, _PYTEST_NOTHING = 0, 1, 5
_PYTEST_BROKEN = (2, 4)  # errors in collection; wrong options, a conftest that fails, a test without a rung


def decide(rules: Rules, facts: Facts) -> Decision:
    """Return the verdict that the facts allow under the rules. Total: never raises."""
    judged = set_aside(facts)
    findings = [*of_each(facts, _check_crashes), *_check_stop(facts)]
    findings += of_each(facts, partial(_check_records, rules))
    findings += [*of_each(facts, partial(_check_suite, shared=bool(facts.shares))), *_check_shared(facts)]
    findings += [*of_each(facts, _check_identity_of_tests), *_check_applicability(facts)]
    findings += [*_check_tests(rules, judged.observations), *_check_scope(rules, judged)]
    findings += [*of_each(facts, check_challenges), *check_tools(facts), *check_quarantine(facts)]
    findings += [*check_waivers(facts), *_check_growth(facts)]
    rung = reached_rung(rules, judged)
    left, waived = split_waived(findings, facts)
    if not left:
        praise = _praise(facts, rung) + (f", {len(waived)} waived" if waived else "")
        return Decision(Verdict.PASS, rung, (praise,), _left_open(facts, rung), waived)
    worst = sorted(left, key=lambda finding: -finding.verdict.severity)
    reasons = tuple(dict.fromkeys(finding.reason for finding in worst))
    return Decision(worst[0].verdict, rung, reasons, _left_open(facts, rung), waived)


def _check_growth(facts: Facts) -> Iterator[Finding]:
    if facts.growth:
        yield Finding(Verdict.FAIL, f"build: {facts.growth}", Waives.GROWTH)


def _check_crashes(facts: Facts) -> Iterator[Finding]:
    """Did the board crash? Whatever else was found is then a consequence, so this comes first."""
    for crash in facts.crashes:
        yield Finding(Verdict.FAIL if crash.blames_firmware else Verdict.INCONCLUSIVE, crash.reason)


def _check_stop(facts: Facts) -> Iterator[Finding]:
    """Did a stage stop the run, or one of the boards? A crash speaks for itself."""
    crashed = {crash.reason for crash in facts.crashes}
    for stop in facts.stops:
        if stop.reason not in crashed:
            verdict = Verdict.INCONCLUSIVE if stop.verdict is Verdict.PASS else stop.verdict
            yield Finding(verdict, f"{stop.stage.value}: {stop.reason}")


def _check_records(rules: Rules, facts: Facts) -> Iterator[Finding]:
    """Is what ran what was built? A wrong firmware makes every observation worthless."""
    stopped = facts.stop is not None
    if facts.build is None:
        if rules.build and not stopped:
            yield Finding(Verdict.INCONCLUSIVE, "nothing was built")
    elif facts.flash is not None and facts.flash.build_id != facts.build.build_id:
        yield Finding(Verdict.INVALID, f"flashed {_short(facts.flash.build_id)}, {_built(facts)}")
    if facts.flash is not None and not facts.flash.verified:
        yield Finding(Verdict.INVALID, "what was flashed was not read back and compared")
    if facts.flash is None and rules.flash and facts.build is not None and not stopped:
        yield Finding(Verdict.INCONCLUSIVE, "nothing was flashed")
    if facts.identity is None:
        if not stopped:
            yield Finding(Verdict.INCONCLUSIVE, "the board never said what it runs")
        return
    if facts.build is not None and facts.identity.build_id != facts.build.build_id:
        yield Finding(Verdict.INVALID, f"the board runs {_short(facts.identity.build_id)}, {_built(facts)}")
    if facts.flash is not None and facts.flash.mac and facts.identity.mac != facts.flash.mac:
        yield Finding(
            Verdict.INVALID, f"flashed the board {facts.flash.mac}, tested the board {facts.identity.mac}"
        )
    for build in sorted({seen.build for seen in facts.observations} - {"", facts.identity.build_id}):
        yield Finding(Verdict.INVALID, f"during the suite the board ran {_short(build)}")


def _check_suite(facts: Facts, *, shared: bool) -> Iterator[Finding]:
    """Did the suite run to its end, and does its exit code agree with what it reported?

    ``shared``: other boards may have run what is not there.
    """
    suite = facts.suite
    if suite is None:
        if facts.stop is None:
            yield Finding(Verdict.INCONCLUSIVE, "the suite did not run")
        return
    seen = len(facts.observations)
    if suite.broken_records:
        broken = counted(suite.broken_records, "line")
        yield Finding(Verdict.INVALID, f"{broken} of the observations cannot be read")
    if not suite.agrees:
        yield Finding(Verdict.INVALID, "the observations are not those that the suite counted at its end")
    if suite.left_out and not facts.selection:
        yield Finding(Verdict.INCONCLUSIVE, f"{counted(suite.left_out, 'test')} of the suite left out")
    if suite.collected is not None and seen > suite.collected:
        yield Finding(
            Verdict.INVALID, f"{counted(seen, 'test')} reported, but only {suite.collected} collected"
        )
    if suite.timed_out:
        yield Finding(
            Verdict.INCONCLUSIVE, f"the suite took too long and was ended after {counted(seen, 'test')}"
        )
    elif not seen and suite.exit_code in _PYTEST_BROKEN:
        yield Finding(Verdict.FAIL, f"the suite itself is broken: {suite.said or 'see pytest.txt'}")
        return
    elif not suite.finished or suite.collected is None or (seen < suite.collected and not shared):
        wanted = "an unknown number of" if suite.collected is None else str(suite.collected)
        yield Finding(
            Verdict.INCONCLUSIVE,
            f"the suite ended early, pytest exit {suite.exit_code}: {seen} of {wanted} tests reported"
            + (f" ({suite.said})" if suite.said else ""),
        )
    elif not shared:
        yield from _check_emptiness(facts)
    yield from _check_exit_code(suite.exit_code, facts)


def _check_shared(facts: Facts) -> Iterator[Finding]:
    """Where several boards shared the suite: is what they ran together all of it, and anything at all?"""
    yield from check_shares(facts)
    if facts.shares and facts.suite is not None and facts.suite.finished:
        yield from _check_emptiness(facts)


def _check_emptiness(facts: Facts) -> Iterator[Finding]:
    """A suite that asks nothing is broken, as one that cannot be imported is. A selection may hit nothing."""
    counting = set_aside(facts).observations
    if any(seen.outcome not in _IDLE for seen in counting):
        return
    aside = "waived" if facts.waivers else "in quarantine"
    none = f"all are {aside}" if facts.observations else "no test was collected"
    what = f"all {counted(len(counting), 'test')} skipped" if counting else none
    verdict = Verdict.INCONCLUSIVE if facts.selection else Verdict.FAIL
    yield Finding(verdict, f"nothing was executed: {what}")


def _check_exit_code(code: int, facts: Facts) -> Iterator[Finding]:
    suite = facts.suite
    if suite is None or suite.timed_out or not suite.finished:
        return
    bad = any(seen.outcome in _NO_PASS for seen in facts.observations)
    if bad != (code == _PYTEST_FAILED) and code in (_PYTEST_OK, _PYTEST_FAILED):
        said = "failed" if code == _PYTEST_FAILED else "passed"
        yield Finding(Verdict.INVALID, f"pytest says that the suite {said}, the observations say otherwise")
    elif code not in (_PYTEST_OK, _PYTEST_FAILED, _PYTEST_NOTHING):
        yield Finding(Verdict.INCONCLUSIVE, f"the suite broke off with pytest exit {code}")


def _check_identity_of_tests(facts: Facts) -> Iterator[Finding]:
    """Is each test reported once, and was it the right firmware that it met?"""
    observations = facts.observations
    for test, count in Counter(seen.test for seen in observations).items():
        if count > 1:
            yield Finding(Verdict.INVALID, f"{test} reported {count} times")
    for seen in observations:
        if seen.invalid:
            yield Finding(Verdict.INVALID, seen.message or f"{seen.test} met another firmware")


def _check_tests(rules: Rules, observations: tuple[Observation, ...]) -> Iterator[Finding]:
    told = [seen for seen in observations if not seen.invalid]
    for outcome, verdict, word in _TROUBLE:
        yield from _grouped([seen for seen in told if seen.outcome is outcome], verdict, word)
    skipped = [seen for seen in observations if seen.outcome is Outcome.SKIPPED]
    needed = [seen for seen in skipped if seen.rung is None or seen.rung <= rules.min_rung]
    yield from _grouped(needed, Verdict.INCONCLUSIVE, "skipped")


def _check_applicability(facts: Facts) -> Iterator[Finding]:
    """Silicon cannot be hung or starved on demand. A virtual board can, so there every test applies."""
    if facts.fidelity is Fidelity.VIRTUAL:
        told = [seen for seen in facts.observations if seen.outcome is Outcome.NOT_APPLICABLE]
        yield from _grouped(told, Verdict.INVALID, "left itself out on a board that it applies to")


def _grouped(observations: list[Observation], verdict: Verdict, word: str) -> Iterator[Finding]:
    """Say once what several tests met alike, in the order in which it first came up."""
    alike: dict[str, list[str]] = {}
    for seen in observations:
        alike.setdefault(seen.message, []).append(seen.test)
    for message, tests in alike.items():
        yield Finding(verdict, f"{first_of(tests, 'test')} {word}" + (f": {message}" if message else ""))


def _check_scope(rules: Rules, facts: Facts) -> Iterator[Finding]:
    """Was enough shown, on a board that is near enough to silicon?"""
    if facts.selection and rules.whole_suite:
        yield Finding(
            Verdict.INCONCLUSIVE, f"only a selection ran (-k {facts.selection!r}): that can never open a gate"
        )
    if facts.fidelity is None:
        if facts.stop is None:
            yield Finding(Verdict.INCONCLUSIVE, "no board was used")
    elif facts.fidelity < rules.min_fidelity:
        have, want = facts.fidelity.name.lower(), rules.min_fidelity.name.lower()
        short = f"the board is {have}; the gate asks for {want}"
        yield Finding(Verdict.INCONCLUSIVE, short, Waives.FIDELITY)
    if facts.stop is not None or facts.suite is None or not facts.observations:
        return
    for rung in Rung:
        if rung <= rules.min_rung and rung not in BY_RECORD and not executed(facts, rung):
            reason = f"rung {rung.word} was not reached: no test of it ran"
            yield Finding(Verdict.INCONCLUSIVE, reason, Waives.RUNG, rung.word)
        elif rung is Rung.SOAKED <= rules.min_rung and soaked_s(facts) < LEAST_SOAK_S:
            had = f"it soaked for {soaked_s(facts):.0f} s, and that takes {LEAST_SOAK_S:.0f} s"
            reason = f"rung {rung.word} was not reached: {had}"
            yield Finding(Verdict.INCONCLUSIVE, reason, Waives.RUNG, rung.word)


def _praise(facts: Facts, rung: Rung | None) -> str:
    passed = sum(seen.outcome is Outcome.PASSED for seen in set_aside(facts).observations)
    aside = sum(entry_of(facts, seen) is not None for seen in facts.observations)
    also = f", {aside} in quarantine" if aside else ""
    return f"{counted(passed, 'test')} passed, up to rung {rung.word if rung else 'none'}{also}"


def _left_open(facts: Facts, rung: Rung | None) -> tuple[str, ...]:
    top = [] if rung is None else [f"{rung.word} leaves open {LEAVES_OPEN[rung]}"]
    above = [f"{r.word}: that {ESTABLISHES[r]}" for r in Rung if rung is None or r > rung]
    words = {Outcome.SKIPPED: "skipped", Outcome.NOT_APPLICABLE: "not applicable to this board"}
    left: dict[str, list[str]] = {}
    for seen in facts.observations:
        if seen.outcome in words:
            why = f": {seen.message}" if seen.message else ""
            left.setdefault(f"({words[seen.outcome]}{why})", []).append(seen.test)
    skipped = [f"{first_of(tests, 'test')} {why}" for why, tests in left.items()]
    skipped += [*told_aside(facts), *told_ignored(facts)]
    beyond = [] if facts.fidelity is None else [BEYOND[facts.fidelity]]
    dirty = facts.build is not None and facts.build.dirty
    shared = [share.board for share in facts.shares]
    alone = [f"that each of {', '.join(shared)} passes all of it: they shared the suite"] if shared else []
    uncommitted = ["anything about the commit: uncommitted changes were built in"] if dirty else []
    return tuple(uncommitted + top + above + skipped + alone + beyond)


def _short(build_id: str) -> str:
    return f"build {build_id[:12]}" if build_id else "an unnamed build"


def _built(facts: Facts) -> str:
    return f"but {_short(facts.build.build_id)} was built" if facts.build else "and nothing was built"
