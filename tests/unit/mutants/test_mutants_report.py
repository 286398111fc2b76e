"""The report names every mutant, its fate and its killer; JSON and Markdown say the same."""

import json

import pytest

from hostkit.mutants.model import Fate, Mutant, Origin, Result
from hostkit.mutants.report import Report, Scope, as_json, as_markdown, headline, killers, summary

SCOPE = Scope("aa" * 32, "bb" * 20, False, "virtual", "virt0", 1, 417, "2026-11-29T00:00:00Z", ("old one",))
TEST = "hil_tests/test_wire.py::test_plain_colours[ff|00]"


def mutant(name, origin=Origin.PLANTED, kind="wire"):
    return Mutant(name, origin, kind, f"about {name}", "a.cpp", 0, "1", name)


KILLED, DEAD, ALIVE = (
    mutant("killed-one"),
    mutant("dead-at-boot"),
    mutant("alive", Origin.GENERIC, "relation"),
)
LATE, UNTRIED = mutant("late", Origin.GENERIC, "relation"), mutant("untried", Origin.GENERIC, "return")


@pytest.fixture
def report():
    results = [
        Result(KILLED.digest, Fate.KILLED, "wired", TEST, "colour order", 3.0),
        Result(DEAD.digest, Fate.KILLED, "boot", "", "no answer", 9.0),
        Result(ALIVE.digest, Fate.SURVIVED),
        Result(LATE.digest, Fate.TIMED_OUT, "suite", "", "ended after 60 s", 60.0),
    ]
    mutants = (KILLED, DEAD, ALIVE, LATE, UNTRIED)
    return Report(SCOPE, mutants, {result.digest: result for result in results})


def test_the_markdown_names_all_and_what_nobody_noticed_first(report):
    text = as_markdown(report)
    assert "2 of 2 noticed, 100.0 % (wanted 100 %)" in text
    assert "| alive | about alive | survived |" in text
    assert (
        "| wire | killed-one | killed | wired: hil_tests/test_wire.py::test_plain_colours[ff\\|00] |" in text
    )
    assert "| wire | dead-at-boot | killed | boot: no answer |" in text
    assert "- old one" in text
    assert text.index("## Not noticed") < text.index("## Planted") < text.index("## Generic")


def test_the_json_has_every_mutant_with_its_result(report):
    record = json.loads(json.dumps(as_json(report)))
    assert [each["name"] for each in record["mutants"]] == [m.name for m in report.mutants]
    assert record["mutants"][0]["result"]["by"] == TEST
    assert record["mutants"][-1]["result"] is None
    assert record["rates"]["planted"] == {"noticed": 2, "counted": 2, "rate": 1.0, "fates": {"killed": 2}}
    assert record["exit_code"] == 1
    assert record["scope"]["commit"] == "bb" * 20


def test_killers_are_counted_without_their_parameters(report):
    assert killers(report) == (
        ("stage boot", 1),
        ("stage suite", 1),
        ("test_wire.py::test_plain_colours", 1),
    )


def test_the_terminal_says_rates_kinds_and_what_is_open(report):
    lines = summary(report)
    assert lines[0] == headline(report.tallies[0])
    assert any(line.split() == ["relation", "1", "survived,", "1", "timed", "out"] for line in lines)
    assert any("survived" in line and "[about alive]" in line for line in lines)
    assert any(line.startswith("not tried") for line in lines)
    assert lines[-1] == "review out of date: old one"
