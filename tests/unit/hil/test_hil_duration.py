"""How long a soak takes, as people write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.errors import UsageError
from hostkit.hil.duration import clock_face, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("1h", 3600), ("1h30m", 5400), ("0.5m", 30)]
)
def test_a_duration_is_read(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0s", "-5s", "10 m", "ten", "10d", "5m!", "1e3"])
def test_what_is_none_is_refused_with_examples(text):
    with pytest.raises(UsageError, match="is no duration") as caught:
        parse_duration(text)
    assert "10m" in caught.value.hint


@given(st.floats(0.001, 1e7))
def test_what_the_gate_writes_for_the_suite_can_be_read(seconds):
    assert parse_duration(f"{seconds:.3f}s") == pytest.approx(seconds, abs=0.001)


def test_a_clock_face_has_hours_only_where_there_are_some():
    assert [clock_face(s) for s in (0, 65.9, 600, 3600, 4205)] == [
        "0:00",
        "1:05",
        "10:00",
        "1:00:00",
        "1:10:05",
    ]
