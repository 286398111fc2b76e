"""Every attempt that the documentation names has the test that it names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = re.findall(
    r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \| `([^`:]+)::(\w+)` \|$",
    (ROOT / "docs/explanation/attempts.md").read_text(),
    re.MULTILINE,
)


def test_the_table_is_read_whole() -> None:
    lines = (ROOT / "docs/explanation/attempts.md").read_text().splitlines()
    assert len(ROWS) == sum(line.startswith("| ") for line in lines) - 2 >= 10


@pytest.mark.parametrize(("attempt", "ends_as", "file", "test"), ROWS, ids=[row[0] for row in ROWS])
def test_an_attempt_ends_in_no_pass_and_has_its_test(
    attempt: str, ends_as: str, file: str, test: str
) -> None:
    assert ends_as in ("fail", "invalid", "not run")
    assert f"def {test}(" in (ROOT / file).read_text(), f"no test for: {attempt}"
