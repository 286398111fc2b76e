"""The file of observations, whole and cut off."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.errors import ToolError
from hostkit.hil.observations import (
    Measurement,
    ObservationFile,
    ObservationTail,
    Outcome,
    Series,
    Summary,
    TestSeen,
    parse_observations,
    read_observations,
)

SEEN = TestSeen(
    "hil_tests/test_x.py::test_y[é]",
    Outcome.FAILED,
    "wired",
    0.5,
    "colour order",
    "colour order\nat LED 3",
    "comet",
    "ab" * 32,
    False,
    (Measurement("rate", 60.5, "Hz"), Measurement("frames", 3, "")),
    (Series("interval", "us", (5200, 5201, 5199.5)),),
)


def written(path):
    file = ObservationFile(path)
    file.session("virt0", "ab" * 32)
    file.collected(2)
    file.identity({"build": "ab" * 32, "mac": "02:00:00:00:00:01"})
    file.test(SEEN)
    file.summary(Summary(2, {"failed": 1}, 1, 0.7))
    file.close()
    file.close()
    return path


def test_what_is_written_is_read(tmp_path):
    seen = read_observations(written(tmp_path / "deep" / "obs.jsonl"))
    assert seen.tests == (SEEN,)
    assert seen.collected == 2
    assert seen.session["board"] == "virt0"
    assert seen.identity is not None
    assert seen.identity["mac"] == "02:00:00:00:00:01"
    assert seen.summary == Summary(2, {"failed": 1}, 1, 0.7)
    assert seen.broken == 0


def test_each_line_is_in_the_file_at_once(tmp_path):
    file = ObservationFile(tmp_path / "obs.jsonl")
    file.collected(3)
    assert read_observations(tmp_path / "obs.jsonl").collected == 3
    file.close()


def test_a_file_that_was_cut_off_has_no_summary_and_a_broken_line(tmp_path):
    path = written(tmp_path / "obs.jsonl")
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b'"summary"') + 5])
    seen = read_observations(path)
    assert seen.summary is None
    assert seen.broken == 1
    assert seen.tests == (SEEN,)


@pytest.mark.parametrize(
    "line", ["[]", "7", "{}", '{"type": "test"}', '{"type": "what"}', '{"type": "test", "x": 1}', "\xff"]
)
def test_lines_that_are_no_records_are_counted_not_raised(tmp_path, line):
    path = written(tmp_path / "obs.jsonl")
    path.write_text(path.read_text() + line + "\n")
    assert read_observations(path).broken == 1


def test_an_old_file_is_replaced(tmp_path):
    path = written(tmp_path / "obs.jsonl")
    ObservationFile(path).close()
    assert path.read_bytes() == b""


def test_a_file_that_is_not_there_is_a_named_error(tmp_path):
    with pytest.raises(ToolError, match="cannot read") as caught:
        read_observations(tmp_path / "none.jsonl")
    assert caught.value.hint == "did the suite start?"


def test_a_place_that_cannot_be_written_is_a_named_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ToolError, match="cannot write"):
        ObservationFile(tmp_path / "file" / "obs.jsonl")


def test_numbers_carry_their_units():
    assert SEEN.numbers == {"rate [Hz]": 60.5, "frames": 3}


@pytest.mark.parametrize(
    ("counts", "nothing"),
    [({}, True), ({"skipped": 3, "lost": 1}, True), ({"passed": 1}, False), ({"error": 1}, False)],
)
def test_a_summary_tells_whether_anything_ran(counts, nothing):
    assert Summary(4, counts, 0, 0.1).nothing_ran == nothing


def test_every_line_is_a_json_object(tmp_path):
    for line in written(tmp_path / "obs.jsonl").read_text().splitlines():
        assert json.loads(line)["type"]


def test_fields_of_a_newer_writer_are_left_aside(tmp_path):
    path = written(tmp_path / "obs.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for record in lines:
        record["later"] = 1
        for measured in record.get("measurements", ()):
            measured["later"] = 1
    path.write_text("".join(json.dumps(record) + "\n" for record in lines))
    seen = read_observations(path)
    assert (seen.tests, seen.broken) == ((SEEN,), 0)
    assert seen.summary == Summary(2, {"failed": 1}, 1, 0.7)


def test_a_series_is_one_line_of_plain_numbers(tmp_path):
    lines = written(tmp_path / "obs.jsonl").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if '"interval"' in line]
    assert json.loads(line)["series"] == [{"name": "interval", "unit": "us", "values": [5200, 5201, 5199.5]}]


def test_a_series_holds_2000_values_and_no_more():
    assert len(Series("x", "us", tuple(range(2000))).values) == 2000
    with pytest.raises(ValueError, match="series 'x' has 2001 values, 2000 at most"):
        Series("x", "us", tuple(range(2001)))


def test_a_file_from_before_there_were_series_is_read(tmp_path):
    path = written(tmp_path / "obs.jsonl")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        line.pop("series", None)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    (seen,) = read_observations(path).tests
    assert seen.series == ()
    assert seen.measurements == SEEN.measurements


def test_a_message_with_a_foreign_line_separator_is_one_record(tmp_path):
    file = ObservationFile(tmp_path / "o.jsonl")
    file.test(TestSeen("t", Outcome.FAILED, "wired", 0.1, "a\u2028b\x85c\x1dd"))
    file.close()
    found = read_observations(tmp_path / "o.jsonl")
    assert [test.message for test in found.tests] == ["a\u2028b\x85c\x1dd"]
    assert found.broken == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [("seconds", "0.5"), ("message", None), ("invalid", 1), ("test", ["t"]), ("pattern", {}), ("rung", 3)],
)
def test_a_field_of_another_type_makes_a_line_no_record(tmp_path, field, value):
    path = written(tmp_path / "obs.jsonl")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    lines[3][field] = value
    seen = parse_observations("\n".join(map(json.dumps, lines)).encode())
    assert (seen.tests, seen.broken) == ((), 1)


@pytest.mark.parametrize(
    "line",
    [
        '{"type": "collected", "tests": "2"}',
        '{"type": "collected", "tests": 2, "tests": 3}',
        '{"type": "summary", "collected": 1, "counts": {"failed": 1.5}, "exit_code": 1, "seconds": 1}',
        '{"type": "summary", "collected": true, "counts": {}, "exit_code": 1, "seconds": 1}',
        '{"type": "test", "measurements": [{"name": "x", "value": "1", "unit": ""}]}',
        '{"type": "test", "measurements": [{"name": "x", "value": NaN, "unit": ""}]}',
        "[]",
        "3",
    ],
)
def test_other_lines_that_are_no_records_are_counted_not_taken(line):
    seen = parse_observations(line.encode())
    assert (seen.broken, seen.collected, seen.summary, seen.tests) == (1, None, None, ())


@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([b'{"type": "test"}', b'{"a":' * 3000]))))
def test_no_bytes_make_the_reader_raise(lines):
    assert parse_observations(b"\n".join(lines)).broken >= 0


def test_a_file_is_followed_while_it_is_written(tmp_path):
    path = tmp_path / "o.jsonl"
    tail = ObservationTail(path)
    assert tail.new().tests == ()  # not there yet
    file = ObservationFile(path)
    file.collected(2)
    file.test(SEEN)
    first = tail.new()
    assert (first.collected, [test.test for test in first.tests]) == (2, [SEEN.test])
    assert tail.new().tests == ()
    line = path.read_text().splitlines()[1]
    with path.open("a") as stream:
        stream.write(line[:20])
        stream.flush()
        assert tail.new().tests == ()  # a line is read when it is whole
        stream.write(line[20:] + "\n")
    assert [test.test for test in tail.new().tests] == [SEEN.test]
    file.close()
    tail.close()
    tail.close()
