"""What a campaign found, for people and programs. Pure: records in, text and JSON values out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hostkit.mutants.model import NOTICED, Fate, Mutant, Origin, Result
from hostkit.mutants.score import GENERIC_RATE, PLANTED_RATE, Tally, exit_code, tally

SCHEMA = 1
_OPEN = (Fate.SURVIVED, Fate.INCONCLUSIVE, Fate.UNBUILDABLE, Fate.EQUIVALENT)


@dataclass(frozen=True, slots=True)
class Scope:
    """What was tried: ground (sources, tools, suite), commit, board, seed of the generic ones, when (ISO)."""

    ground: str
    commit: str
    dirty: bool
    env: str
    board: str
    seed: int
    tests: int
    when: str
    stale: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A whole campaign."""

    scope: Scope
    mutants: tuple[Mutant, ...]
    results: Mapping[str, Result]

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """One for each origin that has mutants."""
        found = (tally(origin, self.mutants, self.results) for origin in Origin)
        return tuple(each for each in found if each.total)

    def fate(self, mutant: Mutant) -> Result | None:
        """Return what became of a mutant, None where it was not tried."""
        return self.results.get(mutant.digest)


def as_json(report: Report) -> dict[str, Any]:
    """Return the report as JSON values."""
    scope = {name: getattr(report.scope, name) for name in Scope.__dataclass_fields__}
    return {
        "schema": SCHEMA,
        "scope": scope | {"stale": list(report.scope.stale)},
        "exit_code": int(exit_code(report.tallies)),
        "rates": {each.origin.value: _rate_record(each) for each in report.tallies},
        "killers": dict(killers(report)),
        "mutants": [_mutant_record(report, mutant) for mutant in report.mutants],
    }


def killers(report: Report) -> tuple[tuple[str, int], ...]:
    """Return how many mutants each test (without its parameters), or stage, killed; the deadliest first."""
    found = (report.fate(mutant) for mutant in report.mutants)
    names = Counter(_witness(result) for result in found if result and result.fate in NOTICED)
    return tuple(sorted(names.items(), key=lambda item: (-item[1], item[0])))


def headline(each: Tally) -> str:
    """Return one line for an origin: noticed of counted, and the rest."""
    rate = "none to notice" if each.rate is None else f"{100 * each.rate:.1f} %"
    wanted = 100 * (PLANTED_RATE if each.origin is Origin.PLANTED else GENERIC_RATE)
    rest = [
        f"{each.fates[fate]} {fate.value}" for fate in Fate if each.fates.get(fate) and fate not in NOTICED
    ]
    rest += [f"{each.missing} not tried"] if each.missing else []
    more = f"; {', '.join(rest)}" if rest else ""
    return (
        f"{each.origin.value}: {each.noticed} of {each.counted} noticed, {rate} (wanted {wanted:.0f} %){more}"
    )


def line_of(mutant: Mutant, result: Result | None) -> str:
    """Return one line for a mutant: its fate, and who noticed."""
    if result is None:
        return f"not tried     {mutant.name}"
    why = _witness(result) if result.fate in NOTICED else result.message
    return f"{result.fate.value:<13} {mutant.name}" + (f": {why}" if why else "")


def as_markdown(report: Report) -> str:
    """Return the report as Markdown: rates, what nobody noticed, every mutant with its killer."""
    scope = report.scope
    dirty = " with uncommitted changes" if scope.dirty else ""
    made = f"{scope.when}, commit {scope.commit[:12] or 'none'}{dirty}, env {scope.env}"
    parts = [
        "# Mutants\n",
        f"{made}, boards like {scope.board}, {scope.tests} tests, seed {scope.seed}.\n",
        "\n".join(f"- {headline(each)}" for each in report.tallies) + "\n",
    ]
    left = [m for m in report.mutants if (r := report.fate(m)) is None or r.fate in _OPEN]
    if left:
        parts.append("## Not noticed\n")
        parts.append(_table(("mutant", "change", "fate", "why"), [_open_row(report, m) for m in left]))
    for origin, title in ((Origin.PLANTED, "Planted"), (Origin.GENERIC, "Generic")):
        mine = [m for m in report.mutants if m.origin is origin]
        if mine:
            parts.append(f"## {title}\n")
            parts.append(_table(("kind", "mutant", "fate", "noticed by"), [_row(report, m) for m in mine]))
    parts.append("## Who notices\n")
    parts.append(_table(("test or stage", "mutants"), [(name, str(n)) for name, n in killers(report)]))
    if scope.stale:
        names = "".join(f"- {name}\n" for name in scope.stale)
        parts.append(f"## Reviews that are out of date\n\n{names}")
    return "\n".join(parts)


def _rate_record(each: Tally) -> dict[str, Any]:
    fates = {fate.value: count for fate, count in each.fates.items()}
    return {"noticed": each.noticed, "counted": each.counted, "rate": each.rate, "fates": fates}


def _mutant_record(report: Report, mutant: Mutant) -> dict[str, Any]:
    result = report.fate(mutant)
    return mutant.record() | {"result": None if result is None else result.record()}


def _witness(result: Result) -> str:
    test = result.by.rsplit("/", 1)[-1].split("[")[0]
    return test or f"stage {result.stage}"


def _open_row(report: Report, mutant: Mutant) -> tuple[str, str, str, str]:
    result = report.fate(mutant)
    fate, why = (result.fate.value, result.message) if result else ("not tried", "")
    return mutant.name, mutant.about, fate, why


def _row(report: Report, mutant: Mutant) -> tuple[str, str, str, str]:
    result = report.fate(mutant)
    if result is None:
        return mutant.kind, mutant.name, "not tried", ""
    by = f"{result.stage}: {result.by or result.message}" if result.fate in NOTICED else ""
    return mutant.kind, mutant.name, result.fate.value, by


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def summary(report: Report) -> list[str]:
    """Return the report as lines for a terminal: rates by origin and kind, then what nobody noticed."""
    lines: list[str] = []
    for each in report.tallies:
        lines.append(headline(each))
        mine = [mutant for mutant in report.mutants if mutant.origin is each.origin]
        for kind in dict.fromkeys(mutant.kind for mutant in mine):
            fates = Counter(_fate_word(report, mutant) for mutant in mine if mutant.kind == kind)
            lines.append(f"  {kind:<24} " + ", ".join(f"{n} {fate}" for fate, n in sorted(fates.items())))
    left = [m for m in report.mutants if (r := report.fate(m)) is None or r.fate in _OPEN[:2]]
    lines += [f"{line_of(m, report.fate(m))}  [{m.about}]" for m in left]
    lines += [f"review out of date: {name}" for name in report.scope.stale]
    return lines


def _fate_word(report: Report, mutant: Mutant) -> str:
    result = report.fate(mutant)
    return result.fate.value if result else "not tried"
