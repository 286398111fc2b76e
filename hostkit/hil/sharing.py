"""The option ``--share``. Loaded with every pytest run, so it imports only pytest until it is given."""
# ruff: noqa: PLC0415

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.getgroup("hostkit").addoption(
        "--share", metavar="DIR", help="run what no other run took that was given the same, empty, folder"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Check the folder, and let its tests be taken."""
    config.addinivalue_line("markers", "every_board: runs on each of several boards that share a suite")
    share: str | None = config.getoption("share")
    if share is None:
        return
    if not Path(share).is_dir():
        raise pytest.UsageError(f"--share takes a folder that is there, not {share!r}")
    from hostkit.hil.share import Share

    config.pluginmanager.register(Share(Path(share)), "hostkit-share")
