"""A run as Markdown for a pull request. Pure.

What boards, tests and people wrote is shown in code spans and fences alone, which nothing inside of them
can leave: no mark-up, no HTML, no mention of anybody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from hostkit.report.record import Report, RungRecord, TestRecord, applied
from hostkit.report.visible import visible
from hostkit.store.model import Verdict
from hostkit.words import counted

LIMIT = 60_000
"""Characters; GitHub refuses a comment of more than 65,536."""

_ICONS = {
    Verdict.PASS: "✅",
    Verdict.FAIL: "❌",
    Verdict.INCONCLUSIVE: "⚠️",
    Verdict.INVALID: "⛔",
}
_MARKS = {"reached": "✔", "missed": "✘", "beyond": "·"}
_MOST_REASONS, _MOST_FAILURES, _MOST_NUMBERS = 10, 10, 60
_LONGEST_SPAN, _LONGEST_BLOCK = 400, 2_500


def markdown(report: Report, evidence_url: str = "") -> str:
    """Return the report in at most :data:`LIMIT` characters: what matters least is left out first.

    ``evidence_url``: where a reader finds the evidence; without it its directory is named.
    """
    parts: list[tuple[int, Callable[[], Iterator[str]]]] = [  # how dispensable, the lines
        (0, lambda: _head(report)),
        (1, lambda: _failures(report)),
        (3, lambda: _patterns(report)),
        (4, lambda: _measurements(report)),
        (2, lambda: _budget(report)),
        (2, lambda: _open(report)),
        (0, lambda: _evidence(report, evidence_url)),
    ]
    texts = ["\n".join(lines()) for _, lines in parts]
    left_out = "\n_Left out here, as it is too long for a comment: see the evidence._"
    for dispensable in (4, 3, 2, 1):
        if sum(len(text) + 2 for text in texts) <= LIMIT:
            break
        for number, (rank, _) in enumerate(parts):
            if rank == dispensable and texts[number]:
                texts[number] = left_out
    return "\n\n".join(text for text in texts if text) + "\n"


def code(text: str, longest: int = _LONGEST_SPAN, *, cell: bool = False) -> str:
    """Return text as a code span that shows it as it is; ``cell``: inside of a table."""
    shown = visible(re.sub(r"\s*\n\s*", " ⏎ ", text.strip()))
    if len(shown) > longest:
        shown = shown[: longest - 1] + "…"
    if cell:
        shown = shown.replace("\\|", "\\ |").replace("|", "\\|")
    if not shown.strip():
        return "–"
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def block(text: str) -> str:
    """Return text as a fenced block that shows it as it is, its end where it is too long."""
    shown = visible(text)
    if len(shown) > _LONGEST_BLOCK:
        shown = "…" + shown[-_LONGEST_BLOCK:]
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    return f"{fence}text\n{shown}\n{fence}"


def _head(report: Report) -> Iterator[str]:
    where = f" on {code(report.where, 80)}" if report.where else ""
    fidelity = f" ({report.fidelity})" if report.fidelity else ""
    verdict = report.verdict.value
    yield f"## {_ICONS[report.verdict]} hostkit: {verdict} – {code(report.env, 80)}{where}{fidelity}"
    yield ""
    yield " → ".join(map(_rung, report.ladder))
    yield ""
    for reason in report.reasons[:_MOST_REASONS]:
        yield f"- {code(reason)}"
    if len(report.reasons) > _MOST_REASONS:
        yield f"- and {counted(len(report.reasons) - _MOST_REASONS, 'more reason')}"
    for waived in report.waived:
        yield f"- 🔴 **waived**: {code(waived)}"
    if report.hint:
        yield f"- hint: {code(report.hint)}"
    for problem in report.changed_files[:5]:
        yield f"- ⚠️ evidence: {code(problem)}"


def _rung(rung: RungRecord) -> str:
    mark = _MARKS[rung.standing]
    return f"{mark} **{rung.rung}**" if rung.standing == "reached" else f"{mark} {rung.rung}"


def _failures(report: Report) -> Iterator[str]:
    failed = report.failed
    for crash in report.crashes[:3]:
        times = f" ({crash.times} times)" if crash.times > 1 else ""
        yield f"### Crash: {code(crash.reason)}{times}\n"
        for call in crash.calls[:8]:
            yield f"- {code(f'{call.function}, {call.file}:{call.line}')}"
        yield ""
    for said in report.diagnostics[:_MOST_FAILURES]:
        place = f"{code(f'{said.file}:{said.line}')}: " if said.file else ""
        yield f"- {place}{code(said.message)}"
    if not failed:
        return
    yield f"### {counted(len(failed), 'test')} did not pass\n"
    for test in failed[:_MOST_FAILURES]:
        yield from _failure(test)
    if len(failed) > _MOST_FAILURES:
        yield f"and {counted(len(failed) - _MOST_FAILURES, 'more test')}, see the evidence."


def _failure(test: TestRecord) -> Iterator[str]:
    place = f" at {code(f'{test.file}:{test.line}')}" if test.file else ""
    yield f"- {test.outcome.value}: {code(test.test)}{place}  "
    yield f"  {code(test.message)}"
    if test.detail:
        yield "\n  <details><summary>all of it</summary>\n"
        yield "\n".join(f"  {line}" for line in block(test.detail).split("\n"))
        yield "\n  </details>\n"


def _patterns(report: Report) -> Iterator[str]:
    if not report.patterns:
        return
    yield "<details><summary>Patterns</summary>\n"
    yield "| pattern | passed | of |"
    yield "| --- | ---: | ---: |"
    for name, outcomes in list(report.patterns.items())[:100]:
        total, passed = applied(outcomes), outcomes.get("passed", 0)
        mark = "✔" if passed == total else "✘"
        yield f"| {mark} {code(name, 60, cell=True)} | {passed} | {total} |"
    yield "\n</details>"


def _measurements(report: Report) -> Iterator[str]:
    numbers = list(report.numbers)
    if not numbers:
        return
    yield "<details><summary>Measurements</summary>\n"
    yield "| what | value |"
    yield "| --- | ---: |"
    for name, value in numbers[:_MOST_NUMBERS]:
        yield f"| {code(name, 120, cell=True)} | {'–' if value is None else f'{value:g}'} |"
    if len(numbers) > _MOST_NUMBERS:
        yield f"| and {len(numbers) - _MOST_NUMBERS} more | |"
    yield "\n</details>"


def _budget(report: Report) -> Iterator[str]:
    build = report.build
    if build is None:
        return
    yield "| | used | budget | |"
    yield "| --- | ---: | ---: | ---: |"
    for what, used, budget in (
        ("flash", build.flash_bytes, build.flash_budget),
        ("RAM", build.ram_bytes, build.ram_budget),
    ):
        share = f"{100 * used / budget:.1f} %" if budget else ""
        yield f"| {what} | {used:,} B | {f'{budget:,} B' if budget else '–'} | {share} |"


def _open(report: Report) -> Iterator[str]:
    if report.not_established:
        yield "Not shown:\n"
    for text in report.not_established[:10]:
        yield f"- {code(text)}"


def _evidence(report: Report, url: str) -> Iterator[str]:
    said = [f"run {code(report.run, 80)}"]
    if report.commit:
        said.append(
            f"commit {code(report.commit[:12])}" + (" with uncommitted changes" if report.dirty else "")
        )
    if report.parents:
        onto, *came = (code(parent[:12]) for parent in report.parents)
        said.append(f"merge of {', '.join(came)} onto {onto}")
    if report.build:
        said.append(f"build {code(report.build.build_id[:12])}")
    told = ", ".join(f"{number} {outcome}" for outcome, number in report.counts.items())
    if told:
        said.append(told)
    safe = re.fullmatch(r"https?://[^\s<>()\[\]\\`\"']{1,500}", url)
    said.append(f"[evidence](<{url}>)" if safe else f"evidence {code(report.evidence)}")
    if report.evidence_sha256:
        said.append(f"sealed {code(report.evidence_sha256[:12])}")
    yield " · ".join(said)
