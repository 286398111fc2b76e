"""The soak's part of the pytest plugin: ``--soak 10m``, and the fixture ``soaked`` that a soak ran for."""
# ruff: noqa: PLC0415 - loaded with every pytest run where hostkit is installed

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from hostkit.hil.handle import BoardHandle
    from hostkit.hil.soak import Soaked, SoakPlan
    from hostkit.link.client import Link

_PLAN: pytest.StashKey[SoakPlan] = pytest.StashKey()
_CAME: pytest.StashKey[Soaked | BaseException] = pytest.StashKey()
_MARGIN_S = 120  # for what a test does besides the soak


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("hostkit", "tests on a board (hostkit)")
    group.addoption("--soak", metavar="TIME", help="run the soak for so long, such as 30s or 10m")
    group.addoption(
        "--soak-seed", metavar="N", type=int, help="repeat the soak that had this seed (default: a new one)"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Read the duration, so that a wrong one is refused before anything runs."""
    asked: str | None = config.getoption("soak")
    if asked is None:
        return
    from hostkit.errors import UsageError
    from hostkit.hil.duration import parse_duration
    from hostkit.hil.soak import SoakPlan

    try:
        seconds = parse_duration(asked)
    except UsageError as error:
        raise pytest.UsageError(f"--soak: {error.message} ({error.hint})") from error
    seed: int | None = config.getoption("soak_seed")
    config.stash[_PLAN] = SoakPlan(
        seconds, random.SystemRandom().randrange(1_000_000) if seed is None else seed
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give tests of the soak the time that it takes, where pytest-timeout would cut them off."""
    plan = config.stash.get(_PLAN, None)
    if plan is None or not config.pluginmanager.has_plugin("timeout"):
        return
    for item in items:
        if "soaked" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(plan.seconds + _MARGIN_S), append=False)


@pytest.fixture
def soaked(request: pytest.FixtureRequest) -> Soaked:
    """What came of the soak, which runs when the first test asks for it. Skipped without ``--soak``."""
    config = request.config
    plan = config.stash.get(_PLAN, None)
    if plan is None:
        pytest.skip("no soak was asked for: say --soak 10m")
    link: Link = request.getfixturevalue("link")
    board: BoardHandle = request.getfixturevalue("board")
    came = config.stash.get(_CAME, None)
    if came is None:
        came = config.stash[_CAME] = _soak(config, board, link, plan)
    if isinstance(came, BaseException):
        raise came.with_traceback(None)
    return came


def _soak(config: pytest.Config, board: BoardHandle, link: Link, plan: SoakPlan) -> Soaked | BaseException:
    from hostkit.clock import SystemClock
    from hostkit.errors import HostkitError
    from hostkit.hil.soak import Soak

    try:
        return Soak(board, link, plan, SystemClock(), _teller(config)).run()
    except HostkitError as error:  # each test of the soak has the same reason then
        return error


def _teller(config: pytest.Config) -> Callable[[str], None]:
    """Return what shows a line to a person although pytest keeps the output of tests."""
    terminal: Any = config.pluginmanager.get_plugin("terminalreporter")
    capture: Any = config.pluginmanager.get_plugin("capturemanager")

    def tell(text: str) -> None:
        if terminal is None:
            return
        with capture.global_and_fixture_disabled():
            terminal.ensure_newline()
            terminal.write_line(text)
            terminal.flush()

    return tell
