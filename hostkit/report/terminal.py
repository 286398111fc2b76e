"""A gate's result for people: the verdict, why, how far it got, and where the evidence lies."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from hostkit.gate.model import ESTABLISHES, GateResult, Observation
from hostkit.hil.observations import Outcome
from hostkit.report.plain import by_pattern, counts
from hostkit.store.model import Rung, Verdict

STYLES = {
    Verdict.PASS: "bold white on green",
    Verdict.FAIL: "bold white on red",
    Verdict.INCONCLUSIVE: "bold black on yellow",
    Verdict.INVALID: "bold white on magenta",
}
"""Colours of verdicts, the same everywhere."""

_MOST_REASONS, _MOST_NUMBERS, _MOST_CALLS = 12, 6, 6
_LABEL = 12  # columns


def gate_summary(result: GateResult, *, base: Path | None = None, page: Path | None = None) -> Text:
    """Return the summary; paths are shown relative to ``base`` where they lie below it.

    ``page``: where the page of the run is, None where there is none.
    """
    lines = [_headline(result), *_reasons(result), *_waived(result), *_crashes(result), _ladder(result)]
    lines += [
        *_merged(result),
        *_shown(result),
        *_tests(result),
        *_patterns(result),
        *_numbers(result),
        *_open(result),
        *_evidence(result, base, page),
    ]
    return Text("\n").join(lines)


def plain_text(text: Text) -> str:
    """Return a summary without colours, for a file."""
    stream = io.StringIO()
    Console(file=stream, width=200, soft_wrap=True, color_system=None).print(text)
    return stream.getvalue()


def _headline(result: GateResult) -> Text:
    facts = result.facts
    verdict = result.decision.verdict
    line = Text().append(f" {verdict.value.upper()} ", style=STYLES[verdict])  # a style of its own alone
    line.append(f"  {result.env}" + (f" on {result.board}" if result.board else ""), style="bold")
    if facts.fidelity is not None:
        line.append(f" ({facts.fidelity.name.lower()})")
    if facts.build is not None:
        changes = " with uncommitted changes" if facts.build.dirty else ""
        commit = f", commit {facts.build.commit[:12]}{changes}" if facts.build.commit else ""
        line.append(f"  build {facts.build.build_id[:12]}{commit}", style="dim")
    return line


def _reasons(result: GateResult) -> Iterator[Text]:
    reasons = result.decision.reasons
    colour = "" if result.decision.verdict is Verdict.PASS else "red"
    for reason in reasons[:_MOST_REASONS]:
        yield Text("  ").append(reason, style=colour)
    if len(reasons) > _MOST_REASONS:
        yield Text(f"  and {len(reasons) - _MOST_REASONS} more, see verdict.json", style="dim")
    if result.facts.hint:
        yield Text().append("  hint: ", style="cyan").append(result.facts.hint, style="default")


def _waived(result: GateResult) -> Iterator[Text]:
    for number, waived in enumerate(result.decision.waived):
        yield _label("WAIVED" if number == 0 else "").append(waived.said, style="bold red")


def _crashes(result: GateResult) -> Iterator[Text]:
    """Show how the first crash was reached, from the line that failed to main."""
    calls = result.facts.crashes[0].calls if result.facts.crashes else ()
    for number, call in enumerate(calls[:_MOST_CALLS]):
        yield _label("crashed at" if number == 0 else "").append(call, style="default")
    if len(calls) > _MOST_CALLS:
        yield _label("").append(f"and {len(calls) - _MOST_CALLS} more, see crashes.json", style="dim")


def _label(word: str) -> Text:
    return Text().append(f"  {word:<{_LABEL}}", style="dim")


def _ladder(result: GateResult) -> Text:
    """Mark each rung, with its tests: reached, wanted but not reached, or beyond what was asked."""
    reached = result.decision.rung or 0
    line = _label("ladder")
    for rung in Rung:
        word = f"{rung.word}{_share(result.facts.observations, rung)}  "
        if rung <= reached:
            line.append(f"✔ {word}", style="green")
        elif rung <= result.rules.min_rung:
            line.append(f"✘ {word}", style="red")
        else:
            line.append(f"· {word}", style="dim")
    line.rstrip()
    return line


def _share(observations: tuple[Observation, ...], rung: Rung) -> str:
    """Return how many tests of a rung passed, of how many where some did not; nothing without tests."""
    mine = [s.outcome for s in observations if s.rung is rung and s.outcome is not Outcome.NOT_APPLICABLE]
    passed = mine.count(Outcome.PASSED)
    return "" if not mine else f" {passed}" if passed == len(mine) else f" {passed}/{len(mine)}"


def _merged(result: GateResult) -> Iterator[Text]:
    if result.parents:
        yield _label("merge of").append(merge_words(result.parents), style="default")


def merge_words(parents: Sequence[str]) -> str:
    """Say of which commits a merge was made: what came, and onto what."""
    onto, *came = (parent[:12] for parent in parents)
    return f"{', '.join(came)} onto {onto}"


def _shown(result: GateResult) -> Iterator[Text]:
    """Say what the highest rung shows."""
    rung = result.decision.rung
    if rung is not None:
        yield _label("shown").append(f"{rung.word}: {ESTABLISHES[rung]}", style="default")


def _tests(result: GateResult) -> Iterator[Text]:
    seen = result.facts.observations
    if seen:
        told = ", ".join(f"{number} {word}" for word, number in counts(seen).items())
        yield _label("tests").append(f"{told} in {sum(s.seconds for s in seen):.1f} s", style="default")


def _patterns(result: GateResult) -> Iterator[Text]:
    groups = by_pattern(result.facts.observations)
    if not groups:
        return
    line = _label("patterns")
    for name, seen in groups.items():
        line.append_text(_pattern(name, seen)).append("  ")
    line.rstrip()
    yield line


def _pattern(name: str, seen: tuple[Observation, ...]) -> Text:
    passed = sum(each.outcome is Outcome.PASSED for each in seen)
    told = sum(each.outcome is not Outcome.NOT_APPLICABLE for each in seen)
    good = passed == told
    return Text(f"{name} {passed}/{told}", style="green" if good else "red")


def _numbers(result: GateResult) -> Iterator[Text]:
    """Show the measurements of the highest rungs first: they are what no model predicts."""
    ordered = sorted(result.facts.observations, key=lambda seen: -(seen.rung or 0))
    told = list(
        dict.fromkeys(f"{name} {value:g}" for seen in ordered for name, value in seen.numbers.items())
    )
    for number, text in enumerate(told[:_MOST_NUMBERS]):
        yield _label("measured" if number == 0 else "").append(text, style="default")
    if len(told) > _MOST_NUMBERS:
        yield _label("").append(f"and {len(told) - _MOST_NUMBERS} more, see measurements.json", style="dim")


def _open(result: GateResult) -> Iterator[Text]:
    for number, text in enumerate(result.decision.open):
        yield _label("not shown" if number == 0 else "").append(text, style="dim")


def _evidence(result: GateResult, base: Path | None, page: Path | None) -> Iterator[Text]:
    line = _label("evidence").append(f"{_below(Path(result.evidence), base)}/", style="default")
    if result.ledger_seq:
        line.append(f"  ledger entry {result.ledger_seq}", style="dim")
    yield line
    if page is not None:
        yield _label("report").append(str(_below(page, base)), style="default")
    took = "  ".join(f"{stage} {seconds:.1f} s" for stage, seconds in result.seconds.items())
    if took:
        yield _label("took").append(took, style="dim")


def _below(path: Path, base: Path | None) -> Path:
    return path.relative_to(base) if base is not None and path.is_relative_to(base) else path
