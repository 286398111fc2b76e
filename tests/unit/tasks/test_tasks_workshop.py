"""What a workshop reads out of logs."""

from __future__ import annotations

from pathlib import Path

from hostkit.tasks.workshop import last_line


def test_the_last_line_is_the_last_that_says_something_without_blanks_that_fill_a_screen(
    tmp_path: Path,
) -> None:
    log = tmp_path / "log"
    log.write_text("first\n..   " + " " * 200 + "[100%]\n  \n")
    assert last_line(log) == ".. [100%]"
    assert last_line(log, since=log.stat().st_size - 3) == ""
    log.write_text("x" * 500)
    assert last_line(log) == "x" * 200
    assert last_line(tmp_path / "none") == ""
