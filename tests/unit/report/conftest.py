"""Runs on disk for the tests of reports."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from report_bundle import Bundle


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Where runs lie."""
    return tmp_path / "runs"


@pytest.fixture
def written(runs: Path) -> Callable[..., Path]:
    """Write a run made of the given parts; one a second, so that their names sort as they were written."""
    count = iter(range(60))

    def write(**parts: Any) -> Path:
        return Bundle(**parts).write(runs / f"20260101T0000{next(count):02}Z-0000abcd")

    return write
