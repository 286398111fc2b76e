"""A list of jobs at 80 columns, in a log, and for programs."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from hostkit.jobs.model import Attempt, Job, State, Step
from hostkit.report.queue import STYLES, Line, job_record, list_record, plain_lines, queue_table, spell_s
from hostkit.testing.jobs import a_wish_for

LONG = "1. in line, ~3:20 to go: virt0 is held by pid 4711: hostkit monitor -b virt0 and more words than fit"
LINES = [
    Line(
        Job(7, a_wish_for(), State.RUNNING),
        *("gate for 20 s, ~40 s left", "virt0", 1 / 3, 40, "gate ~40 s left"),
    ),
    Line(Job(1234, a_wish_for(submitter="a-very-long-name", env="esp32-s3-devkitc-1"), State.WAITING), LONG),
]


def printed(width: int) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width, color_system=None).print(queue_table(LINES, width=width))
    return out.getvalue().splitlines()


def test_each_job_has_one_row_at_80_columns_that_says_what_matters() -> None:
    rows = printed(80)
    assert len(rows) == 3
    assert all(len(row) <= 80 for row in rows)
    assert rows[1].split()[:6] == ["7", "running", "gate", "virtual", "virt0", "ann"]
    assert rows[1].rstrip().endswith(" ██░░░ gate ~40 s left")
    assert "1. in line, ~3:20 to go" in rows[2]
    assert " virt0  a-very-…" in rows[2]  # the board that it asked for by name


def test_a_wide_terminal_shows_all_words_and_a_narrow_one_still_how_each_job_stands() -> None:
    assert printed(110)[1].rstrip().endswith(" ███░░░░░ gate for 20 s, ~40 s left")
    narrow = printed(50)
    assert all(len(row) <= 50 for row in narrow)
    assert [word in narrow[0] for word in ("what", "board", "by")] == [True, False, False]
    assert "██░░░ gate ~40" in narrow[1]
    assert [word in printed(64)[0] for word in ("what", "board", "by")] == [True, True, False]


def test_what_is_longer_than_the_longest_that_is_usual_keeps_its_estimate_at_80_columns() -> None:
    job = Job(7, a_wish_for(submitter="somebody", env="esp32-s3-devkitc-1"), State.RUNNING)
    ended = Line(Job(6, a_wish_for(), State.INCONCLUSIVE), "link lost (2 h ago)")
    line = Line(job, "flash for 20 s, ~9:59 left", "virt-c3", 0.5, 599, "flash ~9:59 left")
    out = io.StringIO()
    Console(file=out, width=80, color_system=None).print(queue_table([ended, line]))
    assert "flash ~9:59 left" in out.getvalue()


def test_both_boards_of_a_job_are_named_at_80_columns_and_its_estimate_stays() -> None:
    job = Job(1234, a_wish_for(submitter="somebody", env="esp32-s3-devkitc-1"), State.RUNNING)
    ended = Line(Job(6, a_wish_for(), State.INCONCLUSIVE), "link lost (2 h ago)")
    line = Line(job, "gate for 20 s, ~9:59 left", "virt0,virt1", 0.5, 599, "gate ~9:59 left")
    waits = Line(Job(7, a_wish_for(wish="virt0,virt1"), State.WAITING), "1. in line")
    out = io.StringIO()
    Console(file=out, width=80, color_system=None).print(queue_table([ended, line, waits]))
    rows = out.getvalue().splitlines()
    assert " virt0,virt1 " in rows[2]
    assert rows[2].rstrip().endswith("gate ~9:59 left")
    assert " virt0,virt1 " in rows[3]
    listed = list_record([line], {}, drained=False)["jobs"][0]
    assert (listed["board"], listed["boards"]) == ("virt0,virt1", ["virt0", "virt1"])


def test_a_filter_of_boards_is_no_name_of_one() -> None:
    line = Line(Job(1, a_wish_for(wish="chip=esp32"), State.WAITING), "1. in line")
    out = io.StringIO()
    Console(file=out, width=80, color_system=None).print(queue_table([line]))
    assert "chip" not in out.getvalue()


def test_a_log_has_whole_words_and_neither_colours_nor_bars() -> None:
    lines = plain_lines(LINES)
    assert lines[0] == "   7 running      gate virtual on virt0 by ann | gate for 20 s, ~40 s left"
    assert lines[1] == f"1234 waiting      gate esp32-s3-devkitc-1 for virt0 by a-very-long-name | {LONG}"
    wanted = [Line(Job(1, a_wish_for(wish=wish), State.WAITING), "") for wish in ("any", "chip=esp32")]
    assert [line.split(" for ")[1] for line in plain_lines(wanted)] == [
        "any board by ann",
        "chip=esp32 by ann",
    ]


def test_every_state_has_a_colour() -> None:
    assert set(STYLES) == set(State)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1:00"),
        (599, "9:59"),
        (3600, "60 min"),
        (7200, "2 h"),
        (200_000, "2 d"),
    ],
)
def test_durations_are_short(seconds: float, told: str) -> None:
    assert spell_s(seconds) == told


@given(st.floats(0, 1e8))
def test_no_duration_takes_more_than_seven_characters(seconds: float) -> None:
    assert len(spell_s(seconds)) <= 7


def test_programs_are_told_everything_but_secrets() -> None:
    job = Job(7, a_wish_for(variables=(("HOSTKIT_X", "secret"),)), State.PASSED, reason="fine")
    record = job_record(job, [Attempt(1, 7, Step.GATE, 1, token="secret")])
    assert "secret" not in json.dumps(record)
    assert (record["state"], record["wanted"]["kind"], record["attempts"][0]["step"]) == (
        "passed",
        "gate",
        "gate",
    )
    whole = list_record(LINES, {State.RUNNING: 1}, drained=True)
    assert (whole["drained"], whole["open"]) == (True, {"running": 1})
    assert (whole["jobs"][0]["now"], whole["jobs"][0]["eta_s"]) == ("gate for 20 s, ~40 s left", 40)
