"""Builds the page: reads a run whole, and fills the template, which escapes every text that it is given."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from hostkit.errors import InvalidError
from hostkit.files import atomic_write
from hostkit.gate.model import Stage
from hostkit.gate.suite import PICTURES
from hostkit.hil.picture import Picture, read_picture
from hostkit.report.html.charts import Histogram, Spans, histogram, spans
from hostkit.report.html.images import Strips, strips_of
from hostkit.report.html.log import log_data
from hostkit.report.read import board_folders, read_report
from hostkit.report.record import Report, TestRecord, applied
from hostkit.report.runs import RunLine, run_lines
from hostkit.report.spoken import Spoken, Stretch, read_spoken
from hostkit.report.visible import visible
from hostkit.words import first_of

_HERE = Path(__file__).parent
_HISTORY, _MOST_FAILURES, _MOST_NUMBERS, _MOST_CHARTS, _MOST_PICTURES = 10, 50, 500, 6, 64
_FEWEST_INTERVALS = 8


@dataclass(frozen=True, slots=True)
class Source:
    """Everything that a page shows."""

    report: Report
    pictures: tuple[Picture, ...]
    spoken: Spoken
    history: tuple[RunLine, ...]
    unreadable: tuple[str, ...] = ()  # pictures that make no sense


@dataclass(frozen=True, slots=True)
class PictureCard:
    """One picture as the template draws it."""

    picture: Picture
    strips: Strips
    title: str
    caption: str
    right: bool  # no frame of it differs
    good: bool  # nor did any test of the pattern fail
    count: str


@dataclass(frozen=True, slots=True)
class Group:
    """Tests that did not pass, alike in what was said."""

    outcome: str
    message: str
    tests: tuple[TestRecord, ...]


@dataclass(frozen=True, slots=True)
class Number:
    """One measurement as the table has it."""

    test: str
    name: str
    unit: str
    value: str


def read_source(directory: Path) -> Source:
    """Read a run and its neighbours. Raises :class:`InvalidError` for evidence that makes no sense."""
    report = read_report(directory)
    pictures, unreadable = [], []
    found = (
        path for folder in board_folders(directory) for path in sorted((folder / PICTURES).glob("*.json"))
    )
    for path in islice(found, _MOST_PICTURES):
        try:
            pictures.append(read_picture(path))
        except InvalidError as error:
            unreadable.append(error.message)
    boards = ",".join(board.name for board in report.boards)
    lines = run_lines(directory.parent, boards, newest=directory.name) if boards else iter(())
    history = tuple(islice(lines, _HISTORY))
    return Source(report, tuple(pictures), read_spoken(directory), history, tuple(unreadable))


def html_page(source: Source) -> str:
    """Return the page: one file, no network, its own script and style named by their hashes."""
    style, script = _text("page.css"), _text("page.js")
    report = source.report
    groups = _groups(report.failed)
    return template().render(
        report=report,
        applied=applied,
        source=source,
        policy=_policy(style, script),
        style=Markup(style),
        script=Markup(script),
        log=_embedded(log_data(source.spoken.lines, {test.test for test in report.failed})),
        groups=groups[:_MOST_FAILURES],
        group_count=len(groups),
        cards=list(_cards(source)),
        stages=[
            (stage.value, report.seconds[stage.value]) for stage in Stage if stage.value in report.seconds
        ],
        histograms=list(islice(_histograms(source.spoken.stretches, _floor(report)), _MOST_CHARTS)),
        power=_power(source.spoken),
        numbers=list(islice(_numbers(report), _MOST_NUMBERS)),
        number_count=len(report.numbers),
    )


def write_page(directory: Path, path: Path) -> None:
    """Write the page of a run, outside of its evidence, which is sealed.

    Raises :class:`InvalidError` for evidence that makes no sense, :class:`ToolError` when the disk refuses.
    """
    atomic_write(path, html_page(read_source(directory)).encode(), durable=False)


@cache
def template() -> Template:
    """Return the template, which takes longer to compile than to fill."""
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.finalize = lambda value: visible(value) if type(value) is str else value
    environment.filters["thousands"] = lambda value: f"{value:,}"
    return environment.get_template("page.html")


def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Return the content security policy: nothing but this very script and style, and images inside."""
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)]
    return (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _embedded(value: Any) -> Markup:
    """Return a value as JSON that cannot end the element it stands in."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)  # no mark-up is left in it


def _groups(failed: Sequence[TestRecord]) -> list[Group]:
    alike: dict[tuple[str, str], list[TestRecord]] = {}
    for test in failed:
        alike.setdefault((test.outcome.value, test.message), []).append(test)
    return [Group(outcome, message, tuple(tests)) for (outcome, message), tests in alike.items()]


def _cards(source: Source) -> Iterator[PictureCard]:
    """Yield what differs first; of a pattern that differs somewhere nothing is shown that was right.

    Of what was right one picture is enough, also where several boards took some.
    """
    known = {name: number for number, name in enumerate(source.report.patterns)}
    wrong = {picture.pattern for picture in source.pictures if not _right(picture)}
    right = {picture.pattern: picture for picture in reversed(source.pictures) if _right(picture)}
    shown = [picture for picture in source.pictures if not _right(picture)]
    shown += [picture for name, picture in right.items() if name not in wrong]
    for picture in sorted(shown, key=lambda each: (_right(each), known.get(each.pattern, len(known)))):
        yield _card(picture, source.report.patterns.get(picture.pattern, {}))


def _right(picture: Picture) -> bool:
    return picture.first_wrong is None and not picture.note


def _card(picture: Picture, outcomes: Mapping[str, int]) -> PictureCard:
    passed, total, right = outcomes.get("passed", 0), applied(outcomes), _right(picture)
    return PictureCard(
        picture,
        strips_of(picture),
        picture.pattern,
        _caption(picture),
        right,
        right and passed == total,
        f"{passed}/{total}" if total else "",
    )


def _caption(picture: Picture) -> str:
    count, wrong, first = len(picture.times_us), picture.wrong, picture.first_wrong
    if first is None:
        return f"{count} frames, no LED differs"
    bad = sum(1 for each in wrong if each)
    return (
        f"From frame {picture.first + first}, at {picture.times_us[first] / 1e6:.6f} s: {wrong[first]} of "
        f"{sum(picture.leds)} LEDs differ there; {bad} of the {count} frames shown differ"
    )


def _floor(report: Report) -> float | None:
    found = (test.numbers.get("physical floor [us]") for test in report.tests)
    return next((value for value in found if value is not None), None)


def _histograms(stretches: Sequence[Stretch], floor_us: float | None) -> Iterator[Histogram]:
    for stretch in sorted(stretches, key=lambda each: -len(each.events)):
        if len(stretch.intervals_us) >= _FEWEST_INTERVALS:
            yield histogram(stretch.part.rsplit("::", 1)[-1], stretch.intervals_us, floor_us)


def _power(spoken: Spoken) -> Spans | None:
    return spans(spoken.power) if spoken.power else None


def _numbers(report: Report) -> Iterator[Number]:
    for (name, value), tests in report.numbers.items():
        what, _, unit = name.rpartition(" [") if name.endswith("]") else (name, "", "")
        said = first_of([test.rsplit("::", 1)[-1] for test in tests], "test")
        yield Number(said, what, unit.removesuffix("]"), "–" if value is None else f"{value:,.7g}")
