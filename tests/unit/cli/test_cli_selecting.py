"""`-k` of a verb: what pytest would refuse is refused at once, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from hostkit.cli.main import run
from hostkit.cli.selecting import checked_selection
from hostkit.errors import UsageError


@pytest.mark.parametrize("text", ["wire", "lava or comet", "not (a and b)", "test_x[a-1]", "test_y.py::z"])
def test_what_pytest_takes_is_taken(text: str) -> None:
    assert checked_selection(f" {text} ") == text


def test_no_selection_is_none() -> None:
    assert checked_selection("  ") == ""


@pytest.mark.parametrize(
    ("text", "said"), [("and", "expected not OR"), ("a or", "got end of input"), ("(a", "right parenthesis")]
)
def test_what_pytest_would_refuse_is_a_slip_of_the_pen(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=r"^-k '.*' is no expression: .*" + said) as caught:
        checked_selection(text)
    assert "pattern and not lava" in caught.value.hint


@pytest.mark.parametrize("verb", ["gate", "hil"])
def test_a_slip_of_the_pen_builds_nothing(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "platformio.ini").write_text("[env:virtual]\n")
    assert run(["-C", str(tmp_path), verb, "-k", "a and and"]) == 2
    assert "is no expression" in capsys.readouterr().err
    assert not (tmp_path / ".hostkit").exists()
