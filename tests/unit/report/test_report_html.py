"""The page: what it shows, that no text becomes mark-up, and that it needs nothing but itself."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_bundle import PASSED, Bundle, failed

from hostkit.errors import InvalidError
from hostkit.hil.picture import Picture, write_picture
from hostkit.link.messages import Tap
from hostkit.link.transcript import Direction
from hostkit.report.html.page import Source, html_page, read_source, write_page
from hostkit.report.spoken import Line, Spoken
from hostkit.report.visible import visible

Write = Callable[..., Path]
VOID = {"meta", "img", "input", "br", "link", "hr"}


class Structure(HTMLParser):
    """The elements of a page with the names of their attributes, the texts of some, and every address."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.addresses: list[str] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.text: list[str] = []
        self.policy = ""
        self._inside: list[str] = []
        self.feed(page)
        self.close()
        assert self._inside == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        said = dict(attrs)
        names = ("src", "href", "action", "data", "srcset", "poster", "formaction", "xlink:href")
        self.addresses += [value or "" for name, value in attrs if name in names]
        if said.get("http-equiv") == "Content-Security-Policy":
            self.policy = said["content"] or ""
        if tag not in VOID:
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._inside.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._inside[-1:] == ["script"]:
            self.scripts.append(data)
        elif self._inside[-1:] == ["style"]:
            self.styles.append(data)
        else:
            self.text.append(data)


def picture(name: str = "lava", *, wrong: bool = False, note: str = "") -> Picture:
    """Return a picture of four frames, the third of which differs where it is to be ``wrong``."""
    pixels = np.random.default_rng(7).integers(0, 256, (4, 6, 3))
    observed = pixels.copy()
    if wrong:
        observed[2, 1] ^= 3
    times = (0, 50_000, 100_000, 150_000)
    return Picture("h::t", name, f"{name} (seed 1)", Tap.FRAME, (4, 2), 8, times, pixels, observed, note)


def source(bundle: Path, text: str = "plain", *, pictures: tuple[Picture, ...] = ()) -> Source:
    """Return what a page is made of with one text in all places that a board or a test can write to."""
    read = read_source(bundle)
    lines = (Line(1, Direction.SENT, text, text), Line(2, Direction.RECEIVED, "x", text))
    history = tuple(replace(line, env=text, board=text, commit=text) for line in read.history)
    return replace(read, pictures=pictures, spoken=Spoken(lines, (), ((0, 10), (5, 20))), history=history)


def hostile(written: Write, text: str) -> str:
    """Return the page of a run in which every text is ``text``."""
    seen = replace(failed(text, test=f"h/t.py::{text}"), pattern="p", numbers={f"{text} [Hz]": 1.0})
    call = {"function": text, "file": text, "line": 3}
    crash = {"reason": text, "blames_firmware": True, "calls": [{"places": [call]}]}
    files = {"crashes.json": [crash], "diagnostics.txt": b"a.cpp:1:1: x", "tools.json": {"hostkit": text}}
    run = written(observations=(seen,), details={seen.test: text}, files=files)
    given = source(
        run, text, pictures=(replace(picture(wrong=True), pattern=text, scene=text, note=text or "x"),)
    )
    report = replace(
        given.report,
        hint=text or "x",
        env=text,
        selection=text,
        not_established=(text,),
        changed_files=(text,),
    )
    said = tuple(replace(one, message=text) for one in report.diagnostics)
    return html_page(replace(given, report=replace(report, diagnostics=said), unreadable=(text,)))


@pytest.fixture(scope="module")
def benign(tmp_path_factory: pytest.TempPathFactory) -> tuple[Write, Structure]:
    """A writer of runs, and the structure of a page in which no text is hostile."""
    folder, count = tmp_path_factory.mktemp("html"), iter(range(10_000))

    def write(**parts: Any) -> Path:
        return Bundle(**parts).write(folder / str(next(count)) / "20260101T000000Z-0000abcd")

    return write, Structure(hostile(write, "plain"))


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "</script><img src=x onerror=alert(1)>",
        "</title></style></textarea>--><svg onload=alert(1)>",
        '" onmouseover="alert(1)" x=\'',
        "&lt;b&gt; &#60; {{ 7 * 7 }} {% raw %}",
        "<!--",
        "]]>\u2028\u2029\u0000\x1b[31m",
        "javascript:alert(1)",
    ],
)
def test_no_hostile_text_becomes_mark_up(benign: tuple[Write, Structure], text: str) -> None:
    write, plain = benign
    page = Structure(hostile(write, text))
    assert page.elements == plain.elements
    assert page.styles == plain.styles
    assert page.scripts[1:] == plain.scripts[1:]
    rows = json.loads(page.scripts[0])["rows"]
    assert [row[3] for row in rows] == [text, text]
    assert "".join(page.text).count(visible(text)) >= 10


@settings(deadline=None, max_examples=25)
@given(st.text(min_size=1, max_size=60).filter(str.strip))
def test_no_text_changes_the_elements_of_the_page(benign: tuple[Write, Structure], text: str) -> None:
    write, plain = benign
    page = Structure(hostile(write, text))
    assert page.elements == plain.elements
    assert page.scripts[1:] == plain.scripts[1:]


def test_the_page_needs_nothing_but_itself(benign: tuple[Write, Structure]) -> None:
    _, page = benign
    assert all(address.startswith(("data:image/png;base64,", "#")) for address in page.addresses)
    assert not re.search(r"@import|url\(", page.styles[0])
    assert {name for name, _ in page.elements}.isdisjoint({"link", "iframe", "object", "embed", "base"})
    names = {attribute for _, attributes in page.elements for attribute in attributes}
    assert "style" not in names  # the policy would not let it
    assert not [name for name in names if name.startswith("on")]


def test_the_policy_allows_this_script_and_style_alone(benign: tuple[Write, Structure]) -> None:
    _, page = benign
    rules = dict(rule.strip().split(" ", 1) for rule in page.policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    for rule, text in (("script-src", page.scripts[1]), ("style-src", page.styles[0])):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"


def text_of(page: str) -> str:
    return " ".join(" ".join(Structure(page).text).split())


def test_a_pass_shows_its_verdict_ladder_numbers_and_neighbours(written: Write) -> None:
    written()
    text = text_of(html_page(read_source(written())))
    assert "✔ pass virtual on virt0" in text
    assert "timed 1/1 tests shown: live frames come" in text
    assert "70,192 bytes of 1,048,576, 6.7 %" in text
    assert "rate 190.25 Hz rate" in text
    assert "The board’s last 2 runs" in text
    assert "this one" in text
    assert "What went wrong" not in text
    assert "flash: yes, min fidelity: virtual" in text


def test_failures_that_are_alike_are_shown_once_with_every_line(written: Write) -> None:
    bad = [failed("LED 7", f"h/test_w.py:{number}", f"h/test_w.py::w[{number}]") for number in range(3)]
    page = html_page(read_source(written(observations=bad, details={bad[0].test: "all of it"})))
    text = text_of(page)
    assert text.count("failed LED 7") == 1
    assert all(f"w[{number}] h/test_w.py:{number}" in text for number in range(3))
    assert "all that was said of the first one all of it" in text
    assert page.count('class="to-log"') == 3


def test_pictures_that_differ_come_first_and_say_where(written: Write) -> None:
    given = source(
        written(), pictures=(picture("solid"), picture("lava", wrong=True, note="lava: tap frame"))
    )
    page = html_page(given)
    text = text_of(page)
    assert text.index("lava 2/2 tests lava: tap frame") < text.index("solid 1/1 tests expected")
    assert "From frame 10, at 0.100000 s: 1 of 6 LEDs differ there; 1 of the 4 frames shown differ" in text
    assert "4 frames, no LED differs" in text
    assert page.count("<img ") == 6
    assert all('alt=""' not in tag for tag in re.findall("<img [^>]*>", page))


def test_what_was_right_of_a_pattern_that_differs_elsewhere_is_not_shown(written: Write) -> None:
    given = source(written(), pictures=(picture("lava"), picture("lava", wrong=True)))
    assert html_page(given).count("<img ") == 3


def test_of_two_pictures_of_a_pattern_that_are_right_one_is_shown(written: Write) -> None:
    given = source(written(), pictures=(picture("lava"), replace(picture("lava"), scene="another")))
    page = html_page(given)
    assert page.count("<img ") == 3
    assert "another" not in text_of(page)


def test_a_picture_that_cannot_be_read_is_said_and_hides_no_other(written: Write) -> None:
    run = written()
    write_picture(run / "pictures" / "a.json", picture("solid"))
    (run / "pictures" / "b.json").write_text("{}")
    page = html_page(read_source(run))
    assert "the picture b.json makes no sense" in page
    assert page.count("<img ") == 3
    assert "This evidence is not as it was sealed." in page


def test_a_page_is_written_beside_the_evidence_and_not_into_it(written: Write, tmp_path: Path) -> None:
    run = written()
    before = sorted(path.name for path in run.rglob("*"))
    write_page(run, tmp_path / "reports" / "r.html")
    assert (tmp_path / "reports" / "r.html").read_text().startswith("<!doctype html>")
    assert sorted(path.name for path in run.rglob("*")) == before


def test_a_run_that_met_no_board_has_a_page_without_inventions(written: Write) -> None:
    run = written(observations=())
    for name in ("flash.json", "manifest.json", "measurements.json"):
        (run / name).unlink(missing_ok=True)
    text = text_of(html_page(read_source(run)))
    assert "Time from frame to frame" not in text
    assert "Power over time" not in text
    assert "Patterns" not in text


def test_a_directory_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="is no run"):
        write_page(tmp_path, tmp_path / "r.html")


def test_the_pages_parts_are_all_packed(benign: tuple[Write, Structure]) -> None:
    assert len(PASSED) == 5
    assert {"header", "main", "h1", "h2", "svg", "table", "form", "noscript"} <= {
        name for name, _ in benign[1].elements
    }
