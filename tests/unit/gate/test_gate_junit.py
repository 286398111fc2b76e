"""Observations as JUnit XML: read back by another parser, nothing shown better than it was."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.gate.junit import junit_xml
from hostkit.hil.observations import Outcome, TestSeen
from hostkit.testing.stages import a_test


def read(*tests: TestSeen) -> ElementTree.Element:
    return ElementTree.fromstring(junit_xml(tests, name="20261129T012744Z-fd2cca07"))


def test_a_passed_test_has_its_place_time_rung_and_numbers() -> None:
    (suite,) = read(a_test("hil_tests/test_colour.py::TestA::test_b[solid]", build="ab" * 32))
    assert suite.attrib == {
        "name": "20261129T012744Z-fd2cca07",
        "tests": "1",
        "failures": "0",
        "errors": "0",
        "skipped": "0",
        "time": "0.250000",
    }
    (case,) = suite
    assert (case.get("classname"), case.get("name")) == ("hil_tests.test_colour", "TestA::test_b[solid]")
    assert case.get("file") == "hil_tests/test_colour.py"
    told = {each.get("name"): each.get("value") for each in case.iter("property")}
    assert told == {"rung": "linked", "pattern": "solid", "build": "ab" * 32, "rate [Hz]": "30.0"}
    assert [child.tag for child in case] == ["properties"]


@pytest.mark.parametrize(
    ("outcome", "tag"),
    [
        (Outcome.FAILED, "failure"),
        (Outcome.ERROR, "error"),
        (Outcome.LOST, "error"),
        (Outcome.SKIPPED, "skipped"),
    ],
)
def test_what_did_not_pass_says_so_with_its_reason(outcome: Outcome, tag: str) -> None:
    seen = a_test(outcome=outcome, message="LED 7 <is> \"green\" & 'on'", detail="line 1\nline 2")
    (suite,) = read(seen)
    found = suite[0].find(tag)
    assert found is not None
    assert (found.get("type"), found.get("message"), found.text) == (
        outcome.value,
        seen.message,
        seen.detail,
    )


def test_every_outcome_but_passed_is_counted_as_something_else() -> None:
    for outcome in Outcome:
        (suite,) = read(a_test(outcome=outcome))
        told = sum(int(suite.attrib[name]) for name in ("failures", "errors", "skipped"))
        assert told == (outcome is not Outcome.PASSED)


@given(st.text(), st.text(), st.text())
def test_any_text_gives_a_document_that_can_be_read(name: str, message: str, detail: str) -> None:
    suites = read(a_test(name, outcome=Outcome.FAILED, message=message, detail=detail))
    assert suites.tag == "testsuites"
