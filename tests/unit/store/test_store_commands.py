"""The book of commands: whole transactions, one table of phases, errors that say what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from hostkit.errors import ToolError
from hostkit.store.commands import Change, CommandBook
from hostkit.store.model import Attempt, End, Order, OrderKind, Phase

BEGUN = Attempt(
    0, "/p", "a", 1, Phase.RUNNING, End.NONE, "", "", "", "/w", "/l", "t1", 0, 0, "x", 1, 0, stamp="s"
)  # fmt: skip
PROVED = replace(
    BEGUN, phase=Phase.PROVED, why="exit 0", pid=7, pid_start=8, wrote="w", ended_ns=9, left_ns=9
)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[CommandBook]:
    with closing(CommandBook(tmp_path / "there" / "commands.db")) as made:
        yield made


def test_nothing_is_made_before_something_is_written(book: CommandBook, tmp_path: Path) -> None:
    assert (book.all(), book.orders()) == ((), ())
    assert not (tmp_path / "there").exists()


def test_what_was_written_is_read_as_it_was(book: CommandBook, tmp_path: Path) -> None:
    book.write([BEGUN, replace(BEGUN, token="t2", task="b")])
    book.write([], [Change(BEGUN, PROVED)])
    book.close()
    again = CommandBook(tmp_path / "there" / "commands.db")
    assert again.all() == (replace(PROVED, id=1), replace(BEGUN, id=2, token="t2", task="b"))
    again.close()


def test_orders_are_kept(book: CommandBook) -> None:
    made = book.order(Order(0, "a", OrderKind.RETRY, 1, 2, "me", 5))
    assert book.orders() == (made,) == (Order(1, "a", OrderKind.RETRY, 1, 2, "me", 5),)


def test_a_change_of_phase_that_there_is_not_is_refused_and_nothing_of_it_written(book: CommandBook) -> None:
    book.write([BEGUN])
    book.write([], [Change(BEGUN, PROVED)])
    with pytest.raises(ToolError, match="attempt 1 of a cannot go from proved to running"):
        book.write([replace(BEGUN, token="t2")], [Change(PROVED, BEGUN)])
    assert len(book.all()) == 1


def test_a_row_that_another_process_moved_is_not_written_over(book: CommandBook, tmp_path: Path) -> None:
    book.write([BEGUN])
    with closing(CommandBook(tmp_path / "there" / "commands.db")) as other:
        other.write([], [Change(BEGUN, replace(BEGUN, phase=Phase.ENDED, end=End.INTERRUPTED))])
    with pytest.raises(ToolError, match="not as it was left") as caught:
        book.write([replace(BEGUN, token="t2")], [Change(BEGUN, PROVED)])
    assert "another runner moved it" in caught.value.hint
    assert [each.end for each in book.all()] == [End.INTERRUPTED]


def test_a_token_is_used_once(book: CommandBook) -> None:
    book.write([BEGUN])
    with pytest.raises(ToolError, match="UNIQUE"):
        book.write([replace(BEGUN, number=2)])


def test_a_book_of_a_newer_hostkit_is_left_alone(book: CommandBook, tmp_path: Path) -> None:
    book.write([BEGUN])
    book.close()
    with closing(sqlite3.connect(tmp_path / "there" / "commands.db")) as connection:
        connection.execute("pragma user_version = 99")
    with pytest.raises(ToolError, match="newer hostkit"):
        book.all()


def test_a_file_that_is_no_book_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "commands.db").write_text("what is this? " * 1000)
    with pytest.raises(ToolError, match="refuses") as caught:
        CommandBook(tmp_path / "commands.db").all()
    assert "all commands are run again" in caught.value.hint
