"""Two runs side by side: the first difference, and what is none."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hostkit.errors import InvalidError, UsageError
from hostkit.gate.suite import OBSERVATIONS, TRANSCRIPT
from hostkit.hil.observations import ObservationFile, Outcome, TestSeen
from hostkit.link.framing import encode_frame
from hostkit.link.messages import FrameEvent, Op, Reply, Request, Status, encode_message
from hostkit.link.transcript import Direction, Transcript
from hostkit.report.diff import Divergence, Run, Side, first_divergence, read_run
from hostkit.report.runs import find_run
from hostkit.report.values import first_difference
from hostkit.testing.clock import FakeClock

Said = tuple[Op, tuple[object, ...], object]


@dataclass
class Recorded:
    """A run as the suite would leave it: per test an outcome and what was asked and answered."""

    tests: dict[str, tuple[Outcome, list[Said]]] = field(default_factory=dict)
    first_id: int = 1
    nonce: int = 7

    def write(self, directory: Path) -> Run:
        directory.mkdir()
        clock = FakeClock()
        observations = ObservationFile(directory / OBSERVATIONS)
        with Transcript(clock, path=directory / TRANSCRIPT) as transcript:
            number = self.first_id
            for test, (outcome, said) in self.tests.items():
                transcript.mark(test)
                for op, args, body in said:
                    transcript.record(Direction.SENT, _wire(Request(number, op, args)))
                    clock.advance(0.001)
                    event = FrameEvent(self.nonce, number, number, 300, 5080, 0, 1, 0)
                    reply = body if isinstance(body, Reply) else Reply(number, self.nonce, Status.OK, body)
                    transcript.record(Direction.RECEIVED, _wire(event) + _wire(reply))
                    number += 1
                observations.test(TestSeen(test, outcome, "rendered", 0.1, "why"))
        observations.close()
        return read_run(directory)


def _wire(message: object) -> bytes:
    return encode_frame(encode_message(message))  # type: ignore[arg-type]


BASE: list[Said] = [
    (Op.CONFIGURE, ("lava", 0, {}), [{"size": 14}, []]),
    (Op.STEP, (1000,), [1, 2]),
    (Op.READ, (3, 0, 0, 4), b"\x01\x02\x03\x04"),
]


@pytest.fixture
def compare(tmp_path: Path):
    def run(one: Recorded, two: Recorded) -> Divergence | None:
        return first_divergence(one.write(tmp_path / "one"), two.write(tmp_path / "two"))

    return run


def _run(said: list[Said], outcome: Outcome = Outcome.PASSED, **more: int) -> Recorded:
    return Recorded({"t::a": (Outcome.PASSED, BASE), "t::b": (outcome, said)}, **more)


def test_ids_nonces_times_and_events_are_no_difference(compare) -> None:
    assert compare(_run(BASE), _run(BASE, first_id=500, nonce=99)) is None


def test_the_first_byte_that_differs_is_named_with_test_request_and_time(compare) -> None:
    other = [*BASE[:2], (Op.READ, (3, 0, 0, 4), b"\x01\x02\xff\x04")]
    assert compare(_run(BASE), _run(other)) == Divergence(
        test="t::b",
        what="the reply",
        where="byte 2",
        one=Side("03 04 of 4 bytes", 5000),
        two=Side("ff 04 of 4 bytes", 5000),
        request="read [3, 0, 0, 4]",
    )


def test_a_value_inside_a_reply_is_named_by_its_place(compare) -> None:
    other = [(Op.CONFIGURE, ("lava", 0, {}), [{"size": 15}, []]), *BASE[1:]]
    found = compare(_run(BASE), _run(other))
    assert (found.where, found.one.said, found.two.said) == ("[0].size", "14", "15")


def test_another_request_is_named_with_both(compare) -> None:
    found = compare(_run(BASE), _run([BASE[0], (Op.STEP, (1001,), [1, 2])]))
    assert (found.what, found.one.said, found.two.said) == ("the request", "step [1000]", "step [1001]")
    assert found.one.us == 4000


def test_a_test_that_asks_less_is_named(compare) -> None:
    found = compare(_run(BASE), _run(BASE[:2]))
    assert found.two == Side("nothing more was asked")


def test_a_refusal_and_a_missing_reply_are_differences(compare, tmp_path: Path) -> None:
    refused = Reply(5, 7, Status.OUT_OF_RANGE, "too large")
    found = compare(_run(BASE), _run([BASE[0], (Op.STEP, (1000,), refused), BASE[2]]))
    assert (found.one.said, found.two.said) == ("ok [1, 2]", "out-of-range too large")
    lost = Recorded({"t::b": (Outcome.LOST, [(Op.STEP, (1,), Reply(4711, 7, Status.OK, None))])})
    kept = Recorded({"t::b": (Outcome.PASSED, [(Op.STEP, (1,), None)])})
    found = first_divergence(kept.write(tmp_path / "kept"), lost.write(tmp_path / "lost"))
    assert found is not None
    assert found.two.said == "no reply"


def test_an_outcome_counts_when_the_link_said_the_same(compare) -> None:
    found = compare(_run(BASE), _run(BASE, Outcome.FAILED))
    assert (found.what, found.one.said, found.two.said) == ("the outcome", "passed why", "failed why")


def test_who_the_board_is_and_its_counters_are_not_compared(compare) -> None:
    one = [(Op.HELLO, (), {"build": "a"}), (Op.STATS, (), {"frames": 1}), *BASE]
    two = [(Op.HELLO, (), {"build": "b"}), *BASE, (Op.STATS, (), {"frames": 2})]
    assert compare(_run(one), _run(two)) is None


def test_what_follows_free_running_time_is_not_compared(compare) -> None:
    live: Said = (Op.MODE, (1, 60), [1, 60])
    assert compare(_run([live, (Op.STEP, (1,), [1, 1])]), _run([live, (Op.STEP, (2,), [2, 2])])) is None


def test_the_rate_itself_is_compared(compare) -> None:
    found = compare(_run([(Op.MODE, (1, 60), [1, 60])]), _run([(Op.MODE, (1, 60), [1, 59])]))
    assert found.where == "[1]"


def test_a_test_that_one_run_does_not_have_is_the_last_resort(compare) -> None:
    less = Recorded({"t::a": (Outcome.PASSED, BASE)})
    found = compare(less, _run(BASE))
    assert (found.test, found.what) == ("t::b", "which tests ran")
    assert (found.one.said, found.two.said) == ("it did not run", "passed")


def test_a_run_without_a_suite_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="has no observations"):
        read_run(tmp_path)


@pytest.mark.parametrize(
    ("one", "two", "where"),
    [
        ([1, [2, 3]], [1, [2, 4]], "[1][1]"),
        ({"a": b"ab"}, {"a": b"abc"}, ".a byte 2"),
        ([1], [1, 2], ""),
        ({"a": 1}, {"b": 1}, ""),
        (1, True, ""),
        (b"", b"x", "byte 0"),
    ],
)
def test_the_place_of_the_first_difference(one: object, two: object, where: str) -> None:
    found = first_difference(one, two)
    assert found is not None
    assert found.where == where
    assert first_difference(one, one) is None


def test_the_command_names_it_and_says_so_by_its_exit_code(hostkit, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    _run(BASE).write(runs / "20260101T000000Z-aaaaaaaa")
    _run([*BASE[:1], (Op.STEP, (1000,), [1, 3])]).write(runs / "20260102T000000Z-bbbbbbbb")
    env = {"HOSTKIT_RUNS_DIR": str(runs)}
    ran = hostkit("report", "diff", "20260101", "20260102", env=env)
    assert ran.code == 1, ran
    assert ran.out.splitlines()[:3] == [
        "first difference in t::b",
        "  asked   step [1000]",
        "  differs the reply at [1]",
    ]
    told = json.loads(hostkit("report", "diff", "20260101", "20260101", "--json", env=env).out)
    assert told["divergence"] is None


def test_a_run_is_found_by_the_start_of_its_id(tmp_path: Path) -> None:
    for name in ("20260101T000000Z-aaaaaaaa", "20260102T000000Z-bbbbbbbb"):
        (tmp_path / name).mkdir()
    assert find_run(tmp_path, "20260101").name == "20260101T000000Z-aaaaaaaa"
    with pytest.raises(UsageError, match="no run is called '2027'") as caught:
        find_run(tmp_path, "2027")
    assert "20260102T000000Z-bbbbbbbb" in caught.value.hint
    with pytest.raises(UsageError, match="several runs are called '2026'"):
        find_run(tmp_path, "2026")
