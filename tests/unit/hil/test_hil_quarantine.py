"""The file of the quarantine: every entry complete and in force, or said with file and line."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from hostkit.cli.context import Context
from hostkit.cli.hil_quarantine import quarantine_command
from hostkit.errors import UsageError
from hostkit.hil.quarantine import read_quarantine, refuse_stale
from hostkit.settings.paths import Paths
from hostkit.testing.clock import FakeClock
from hostkit.testing.process import FakeRunner

TODAY = date(2026, 3, 10)
GOOD = """# what we know of
[[quarantine]]
test = "test_live.py::test_rate*"
owner = "ada"
reason = "jitters"
expires = 2026-03-20

[[quarantine]]
test = "test_link.py::test_echo"
owner = "bob"
reason = "cable"
expires = 2026-03-10
issue = "https://example.org/7"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "hil_tests" / "quarantine.toml"
    path.parent.mkdir()
    path.write_text(GOOD)
    return path


def test_an_entry_knows_its_place_and_its_end(file: Path) -> None:
    first, second = read_quarantine(file)
    assert (first.test, first.owner, first.issue) == ("test_live.py::test_rate*", "ada", "")
    assert (first.place, second.place) == ("hil_tests/quarantine.toml:2", "hil_tests/quarantine.toml:8")
    assert (first.days_left(TODAY), second.days_left(TODAY)) == (10, 0)
    refuse_stale((first, second), TODAY)


def test_without_a_file_nothing_is_quarantined(tmp_path: Path) -> None:
    assert read_quarantine(tmp_path / "quarantine.toml") == ()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('owner = "bob"\n', "", "quarantine.toml:8: owner: field required"),
        ('reason = "cable"', 'reason = ""', "quarantine.toml:8: reason: string should have at least"),
        ("expires = 2026-03-10", 'expires = "soon"', "quarantine.toml:8: expires: input should be a valid"),
        ('issue = "', 'isue = "', "quarantine.toml:8: isue: extra inputs are not permitted"),
        ("[[quarantine]]\ntest", "[[quarantined]]\ntest", "quarantined: extra inputs"),
        ('owner = "ada"', "owner = ada", "at line 4"),
    ],
)
def test_a_malformed_entry_is_a_usage_error_with_its_line(file: Path, old: str, new: str, words: str) -> None:
    file.write_text(GOOD.replace(old, new))
    with pytest.raises(UsageError) as caught:
        read_quarantine(file)
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("today", "words"),
    [
        (
            date(2026, 3, 11),
            "quarantine.toml:8: the quarantine of test_link.py::test_echo ended on",
        ),
        (
            date(2026, 2, 17),
            "quarantine.toml:2: the quarantine of test_live.py::test_rate* ends on",
        ),
    ],
)
def test_an_entry_that_has_ended_or_ends_too_late_is_refused(file: Path, today: date, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        refuse_stale(read_quarantine(file), today)
    assert words in caught.value.message
    assert caught.value.hint


def test_the_entries_are_listed_with_the_days_that_are_left(file: Path) -> None:
    project = file.parents[1]
    (project / "platformio.ini").touch()
    clock = FakeClock()
    context = Context(project, Paths(project, project), clock, FakeRunner.of())
    said = CliRunner().invoke(quarantine_command, ["--json"], obj=context, catch_exceptions=False)
    rows = json.loads(said.output)["quarantine"]
    assert [row["owner"] for row in rows] == ["ada", "bob"]
    assert rows[0]["days_left"] - rows[1]["days_left"] == 10
    lines = CliRunner().invoke(quarantine_command, [], obj=context, catch_exceptions=False).output
    assert "bob: cable (https://example.org/7)" in lines
    file.unlink()
    lines = CliRunner().invoke(quarantine_command, [], obj=context, catch_exceptions=False).output
    assert lines == "no test is quarantined\n"
