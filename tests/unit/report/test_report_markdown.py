"""Markdown for a pull request: what it says, its size, and that no text in it does anything."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from report_bundle import PASSED, failed

from hostkit.gate.waived import WaiverFact, Waives
from hostkit.report.html.page import html_page, read_source
from hostkit.report.markdown import LIMIT, block, code, markdown
from hostkit.report.read import read_report
from hostkit.report.record import Report

Write = Callable[..., Path]
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "@everyone look at #1 and https://example.invalid",
    "`` ` `a` ```` ",
    "a | b \\| c \\",
    "```\n</details>\n# heading\n[x](javascript:alert(1))",
    "\u202e\u0000\x1b[31m\x85\u2028x",
    "- item\n1. item\n> quote\n***\n| --- |",
]
OURS = re.compile(r"</?details>|<summary>[\w ]+</summary>|<details><summary>[\w ]+</summary>|</details>")


def tokens(text: str) -> list[Token]:
    """Every token of a text as GitHub's Markdown reads it."""
    flat: list[Token] = []
    for token in MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough").parse(text):
        flat += [token, *(token.children or ())]
    return flat


def harmless(text: str) -> bool:
    """Is there no HTML but this module's own, no link and no picture?"""
    for token in tokens(text):
        if token.type in ("html_block", "html_inline"):
            left = OURS.sub("", token.content)
            if left.strip():
                return False
        if token.type in ("link_open", "image"):
            return False
    return True


def test_a_pass_shows_verdict_ladder_budget_and_where_the_evidence_lies(written: Write) -> None:
    run = written()
    text = markdown(read_report(run))
    assert text.startswith("## ✅ hostkit: pass – `virtual` on `virt0` (virtual)\n")
    assert "✔ **wired** → ✔ **timed** → · soaked" in text
    assert "| flash | 70,192 B | 1,048,576 B | 6.7 % |" in text
    assert "| RAM | 1,000 B | – |  |" in text
    assert "| `rate [Hz]` | 190.25 |" in text
    assert f"evidence `{run}`" in text


def test_what_is_waived_is_told_in_red_by_markdown_and_page_alike(written: Write) -> None:
    waiver = WaiverFact(
        "waivers/w.json", Waives.TEST, "*", "", "rig <b>away</b>", "ada", "2026-01-09", "5f" * 32
    )
    run = written(observations=[*PASSED, failed("LED 7", test="h/test_w.py::dim")], waivers=(waiver,))
    report = read_report(run)
    assert (report.verdict.value, len(report.waived)) == ("pass", 1)
    said = "- 🔴 **waived**: `h/test_w.py::dim (failed); waived until 2026-01-09 by ada"
    assert said in markdown(report)
    page = html_page(read_source(run))
    assert '<div class="waived" role="note">' in page
    assert "rig &lt;b&gt;away&lt;/b&gt;" in page


def test_a_failure_shows_the_first_failures_with_their_lines(written: Write) -> None:
    bad = failed("LED 7 is green")
    report = read_report(written(observations=(*PASSED[:3], bad), details={bad.test: "E  LED 7"}))
    text = markdown(report, "https://ci.example/run/7")
    assert "### 1 test did not pass" in text
    assert "- failed: `h/test_w.py::wire[lava]` at `h/test_w.py:12`" in text
    assert "  ```text\n  E  LED 7\n  ```" in text
    assert "[evidence](<https://ci.example/run/7>)" in text


def test_an_address_that_is_none_is_not_made_a_link(written: Write) -> None:
    report = read_report(written())
    for wrong in ("javascript:alert(1)", "https://x)<b>", "https://a b", ""):
        assert "[evidence]" not in markdown(report, wrong)


def test_hostile_texts_do_nothing(written: Write) -> None:
    for text in HOSTILE:
        seen = replace(failed(text, test=f"h/t.py::{text}"), pattern=text, numbers={text: 1.0})
        crash = {"reason": text, "blames_firmware": True, "calls": []}
        files = {"crashes.json": [crash], "diagnostics.txt": text.encode()}
        shown = markdown(read_report(written(observations=(seen,), details={seen.test: text}, files=files)))
        assert harmless(shown), shown


def huge(report: Report, size: int) -> Report:
    """Return a report in which everything is as long as it may be."""
    long = "`|<x>" * size
    bad = replace(
        report.failed[0], message=long, detail=long, numbers={f"{long}{n}": 1.0 for n in range(200)}
    )
    patterns = {f"{long}{number}": {"failed": 1} for number in range(500)}
    return replace(report, reasons=(long,) * 50, tests=(bad,) * 200, patterns=patterns, hint=long)


def test_the_size_is_bounded_and_the_verdict_stays(written: Write) -> None:
    report = read_report(written(observations=(failed("x"),)))
    for size in (1, 100, 5000):
        text = markdown(huge(report, size))
        assert len(text) <= LIMIT
        assert text.startswith("## ❌ hostkit: fail")
        assert "evidence" in text
        assert harmless(text)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_a_code_span_shows_its_text_and_nothing_else(text: str) -> None:
    found = [token for token in tokens(f"a {code(text)} b") if token.type not in ("inline", "text")]
    kinds = [token.type for token in found]
    assert kinds in (
        ["paragraph_open", "code_inline", "paragraph_close"],
        ["paragraph_open", "paragraph_close"],
    )


@settings(deadline=None)
@given(st.text(max_size=300))
def test_a_cell_stays_one_cell(text: str) -> None:
    table = f"| a | b |\n| --- | --- |\n| {code(text, cell=True)} | 7 |"
    cells = [token for token in tokens(table) if token.type == "td_open"]
    assert len(cells) == 2
    assert [token.content for token in tokens(table) if token.type == "inline"][-1] == "7"
    assert harmless(table)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_a_block_shows_its_text_and_nothing_else(text: str) -> None:
    kinds = [token.type for token in tokens(f"before\n\n{block(text)}\n\nafter")]
    assert kinds.count("fence") == 1
    assert len(kinds) == 9  # two paragraphs of four tokens, and the fence
