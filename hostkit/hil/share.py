"""One suite, run by several processes on a board each: every test is taken by the first that comes to it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from hostkit.files import disk_error

EVERY_BOARD = "every_board"
"""The mark of a test that speaks of a board rather than of the firmware: no other board answers for this."""


class Share:
    """A pytest plugin, registered by ``--share DIR``: runs what nobody took who was given the same folder.

    All of them must collect the same tests in the same order. What is taken stays taken, also when its taker
    dies: then a test has no outcome, which whoever adds up the outcomes will miss.
    """

    def __init__(self, folder: Path) -> None:
        """Take tests in ``folder``, which must be there and begins empty."""
        self._folder = folder

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the tests that are had, as pytest's own loop runs all of them."""
        if session.testsfailed and not session.config.option.continue_on_collection_errors:
            errors = "error" if session.testsfailed == 1 else "errors"
            raise session.Interrupted(f"{session.testsfailed} {errors} during collection")
        if session.config.option.collectonly:
            return True
        taken = self._taken(session.items)
        item = next(taken, None)
        while item is not None:
            following = next(taken, None)  # pytest keeps fixtures that this one needs too
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.shouldfail:
                raise session.Failed(session.shouldfail)
            if session.shouldstop:
                raise session.Interrupted(session.shouldstop)
            item = following
        return True

    def take(self, place: int) -> bool:
        """Take the test at a place of the suite unless somebody did.

        Raises :class:`ToolError` when the disk refuses.
        """
        path = self._folder / str(place)
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC))
        except FileExistsError:
            return False
        except OSError as error:
            raise disk_error(error, path) from error
        return True

    def _taken(self, items: Sequence[pytest.Item]) -> Iterator[pytest.Item]:
        for place, item in enumerate(items):
            if _is_of_each(item) or self.take(place):
                yield item


def plan_of(items: Sequence[pytest.Item]) -> dict[str, int | str]:
    """Return what all who share a suite must have: which tests in their order, how many each board runs."""
    every = sum(_is_of_each(item) for item in items)
    digest = hashlib.sha256("\0".join(item.nodeid for item in items).encode()).hexdigest()
    return {"tests_sha256": digest, "every_board": every}


def _is_of_each(item: pytest.Item) -> bool:
    return item.get_closest_marker(EVERY_BOARD) is not None
