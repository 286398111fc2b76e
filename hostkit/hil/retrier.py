"""``--retries N``: a test that did not pass is tried again, and that is written down."""

from __future__ import annotations

from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from hostkit.hil.recorder import Recorder


class Retrier:
    """A pytest plugin, registered when retries are asked for. A pass after a retry is no plain pass."""

    def __init__(self, retries: int, recorder: Recorder) -> None:
        """Try each test up to ``retries`` times more; ``recorder`` knows how it ended."""
        self._retries = retries
        self._recorder = recorder

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """Run a test until it passes or may not be tried again; pytest hears of the last time only."""
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for left in range(self._retries, -1, -1):
            reports: list[Any] = runtestprotocol(item, log=False, nextitem=nextitem)
            if not left or not self._recorder.tried_in_vain(item.nodeid):
                break
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True
