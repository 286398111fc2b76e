"""The pytest plugin: ``--board NAME`` runs tests on a board, with fixtures that make each test start fresh.

Loaded with every pytest run where hostkit is installed, so it imports nothing but pytest until a board
is asked for.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from hostkit.boards.model import FaultSwitch
    from hostkit.hil.album import Album
    from hostkit.hil.disturbed import DisturbedLine
    from hostkit.hil.golden.controller import GoldenController
    from hostkit.hil.golden.model import Pattern
    from hostkit.hil.handle import BoardHandle
    from hostkit.hil.profiles import Profile
    from hostkit.hil.recorder import Recorder
    from hostkit.hil.session import BoardOpener, HilSession
    from hostkit.link.client import Link

pytest_plugins = ("hostkit.hil.sharing", "hostkit.hil.soaking")

RECORDER: pytest.StashKey[Recorder] = pytest.StashKey()
"""Where the configuration keeps what goes to ``--observations``."""

SESSION: pytest.StashKey[HilSession] = pytest.StashKey()
"""Where the configuration keeps the open board."""

ALBUM: pytest.StashKey[Album] = pytest.StashKey()
"""Where the configuration keeps what takes pictures for ``--pictures``."""

_BOARD_FIXTURES = frozenset({"board", "link"})
_RUNGS = "built booted linked rendered wired timed soaked"
_BUILD_ID = re.compile("[0-9a-f]{64}")


class HostkitHooks:
    """Hooks that other plugins and conftest files can implement."""

    @pytest.hookspec(firstresult=True)
    def pytest_hostkit_opener(self, config: pytest.Config) -> BoardOpener | None:
        """Return where boards come from, instead of ``boards.toml``."""

    @pytest.hookspec
    def pytest_hostkit_patterns(self, config: pytest.Config) -> Sequence[Pattern] | None:
        """Return models of patterns that hostkit does not bring along (or replaces those that it does)."""

    @pytest.hookspec
    def pytest_hostkit_profiles(self, config: pytest.Config) -> Sequence[Profile] | None:
        """Return what hangs on boards whose profile hostkit does not know."""


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Make the hooks known."""
    pluginmanager.add_hookspecs(HostkitHooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("hostkit", "tests on a board (hostkit)")
    group.addoption("--board", metavar="NAME", help="board of boards.toml to run on")
    group.addoption(
        "--expect-build", metavar="ID", default="", help="build id (64 hex digits) that the board must run"
    )
    group.addoption("--observations", metavar="FILE", help="write what was seen, as JSON lines")
    group.addoption("--pictures", metavar="DIR", help="keep frames of every pattern, and around differences")
    group.addoption(
        "--retries", type=int, default=0, metavar="N", help="try a test again that did not pass; never a pass"
    )
    group.addoption("--transcript", metavar="FILE", help="write every byte of the link, as JSON lines")


def pytest_configure(config: pytest.Config) -> None:
    """Check the options; load the rest only if a board is asked for."""
    config.addinivalue_line("markers", f"rung(name): how much the test shows, one of: {_RUNGS}")
    build = config.getoption("expect_build")
    if build and not _BUILD_ID.fullmatch(build):
        raise pytest.UsageError(f"--expect-build takes 64 lower-case hex digits, not {build!r}")
    if config.getoption("board") is None and config.getoption("observations") is None:
        return
    if config.getoption("numprocesses", None):
        raise pytest.UsageError("a board serves one process: leave out -n with --board")
    _start(config)


def _start(config: pytest.Config) -> None:
    from hostkit.errors import HostkitError
    from hostkit.hil.album import Album
    from hostkit.hil.lastwords import LastWords
    from hostkit.hil.recorder import Recorder
    from hostkit.hil.session import Expectation, HilSession
    from hostkit.link.crash.shelf import CrashDecoder
    from hostkit.settings.paths import Paths

    expectation = Expectation(config.getoption("board") or "", config.getoption("expect_build"))
    path = config.getoption("observations")
    try:
        recorder = Recorder(None if path is None else Path(path), expectation)
    except HostkitError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[RECORDER] = recorder
    pictures: str | None = config.getoption("pictures")
    config.stash[ALBUM] = Album(Path(pictures) if pictures else None)
    config.stash[SESSION] = HilSession(
        lambda: _opener(config),
        expectation,
        recorder.on_identity,
        last_words=LastWords(CrashDecoder(Paths.from_environment(os.environ).artifacts)),
    )
    recorder.session = config.stash[SESSION]
    config.pluginmanager.register(recorder, "hostkit-recorder")
    if retries := config.getoption("retries"):
        from hostkit.hil.retrier import Retrier

        config.pluginmanager.register(Retrier(retries, recorder), "hostkit-retrier")


def _opener(config: pytest.Config) -> BoardOpener:
    given: BoardOpener | None = config.hook.pytest_hostkit_opener(config=config)
    if given is not None:
        return given
    from hostkit.hil.catalog import opener_for

    transcript: str | None = config.getoption("transcript")
    return opener_for(config.invocation_params.dir, os.environ, Path(transcript) if transcript else None)


def _profiles(config: pytest.Config) -> Mapping[str, Profile]:
    from hostkit.hil.profiles import PROFILES

    added = config.hook.pytest_hostkit_profiles(config=config)
    return {**PROFILES, **{profile.name: profile for several in added for profile in several}}


def pytest_unconfigure(config: pytest.Config) -> None:
    """Give the board back, whatever happened."""
    session = config.stash.get(SESSION, None)
    if session is not None:
        session.close()
    recorder = config.stash.get(RECORDER, None)
    if recorder is not None:
        recorder.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse board tests without a rung, and rungs that there are not."""
    for item in items:
        for marker in item.iter_markers("rung"):
            if len(marker.args) != 1 or marker.kwargs or marker.args[0] not in _RUNGS.split():
                raise pytest.UsageError(f"{item.nodeid}: rung takes one of: {_RUNGS}")
        if config.getoption("board") and _needs_board(item) and item.get_closest_marker("rung") is None:
            raise pytest.UsageError(f"{item.nodeid} needs a mark: pytest.mark.rung(...), one of: {_RUNGS}")


def _needs_board(item: pytest.Item) -> bool:
    """Does the test use this plugin's fixtures? Others may have a fixture of their own by such a name."""
    found: Any = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    nearest = [found[name][-1] for name in _BOARD_FIXTURES if found.get(name)]
    return any(definition.func.__module__ == __name__ for definition in nearest)


def _patterns(config: pytest.Config) -> Mapping[str, Pattern]:
    from hostkit.hil.golden.registry import PATTERNS

    added = config.hook.pytest_hostkit_patterns(config=config)
    return {**PATTERNS, **{pattern.name: pattern for several in added for pattern in several}}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test with a rung that takes ``pattern`` once for every pattern that has a model."""
    definition = metafunc.definition
    given = any("pattern" in str(marker.args[:1]) for marker in definition.iter_markers("parametrize"))
    if "pattern" in metafunc.fixturenames and definition.get_closest_marker("rung") and not given:
        metafunc.parametrize("pattern", list(_patterns(metafunc.config)))


@pytest.fixture
def link(request: pytest.FixtureRequest) -> Link:
    """The open link; the board is in test mode with everything at its default. Only with ``--board``."""
    session = request.config.stash.get(SESSION, None)
    if session is None or request.config.getoption("board") is None:
        usage = pytest.ExitCode.USAGE_ERROR
        pytest.exit(
            f"{request.node.nodeid} needs a board: say --board NAME, see `hostkit boards list`", usage
        )
    return session.fresh()


@pytest.fixture
def board(request: pytest.FixtureRequest, link: Link) -> BoardHandle:
    """The board: what it must be, what it says of itself, and how to restart it. Only with ``--board``."""
    from hostkit.hil.album import Camera
    from hostkit.hil.handle import BoardHandle

    session, recorder = request.config.stash[SESSION], request.config.stash[RECORDER]
    test: str = request.node.nodeid
    camera = Camera(
        request.config.stash[ALBUM],
        test,
        lambda name: recorder.pictured(test, name),
        slow=bool(session.board.spec.frames),
    )

    def record(name: str, value: float, unit: str) -> None:
        recorder.measured(test, name, value, unit)

    board = BoardHandle(session, link, _patterns(request.config), camera, record)
    session.profiles = _profiles(request.config)
    if board.spec.frames:
        record("most frames compared of a scene", board.spec.frames, "frames")
    return board


@pytest.fixture
def disturb(request: pytest.FixtureRequest, link: Link) -> Callable[..., DisturbedLine]:
    """Disturb the line to the board: ``with disturb(to_host=Disturbance(corrupt=0.01)) as line: ...``.

    Takes the fields of :class:`hostkit.hil.disturbed.Plan`; ``line.link`` is the client to use inside.
    Works on every board. Only with ``--board``.
    """
    from hostkit.hil.disturbed import DisturbedLine, Plan

    session = request.config.stash[SESSION]
    assert session.link is link
    return lambda **wanted: DisturbedLine(session, Plan(**wanted))


@pytest.fixture
def faults(request: pytest.FixtureRequest, board: BoardHandle) -> FaultSwitch:
    """What unplugs, hangs or starves the board: ``faults.fault("unplug")``; see `hostkit boards fault`.

    On a board that cannot be treated so, silicon, the test is recorded as not applicable. Only with
    ``--board``.
    """
    config = request.config
    switch: FaultSwitch | None = config.stash[SESSION].board.faults
    if switch is None:
        config.stash[RECORDER].not_applicable(request.node.nodeid)
        pytest.skip(f"not applicable: a {board.spec.kind.value} board has no faults to be switched on")
    return switch


@pytest.fixture
def profile(board: BoardHandle) -> Profile:
    """What must hang on the board, as its profile says. Only with ``--board``."""
    return board.profile


@pytest.fixture
def golden(board: BoardHandle) -> GoldenController:
    """A fresh model of the board's controller. Only with ``--board``."""
    return board.model()


@pytest.fixture
def measure(request: pytest.FixtureRequest) -> Callable[[str, float, str], None]:
    """Record a number: ``measure(name, value, unit)``. It goes to the observations and the JUnit report."""
    recorder = request.config.stash.get(RECORDER, None)
    node: Any = request.node

    def record(name: str, value: float, unit: str) -> None:
        node.user_properties.append((f"{name} [{unit}]" if unit else name, value))
        if recorder is not None:
            recorder.measured(node.nodeid, name, value, unit)

    return record


@pytest.fixture
def measure_series(request: pytest.FixtureRequest) -> Callable[[str, Sequence[float], str], None]:
    """Record many numbers of one kind, as a histogram wants them: ``measure_series(name, values, unit)``.

    They go to the observations, 2,000 at most: more raise :class:`ValueError`.
    """
    recorder = request.config.stash.get(RECORDER, None)

    def record(name: str, values: Sequence[float], unit: str) -> None:
        from hostkit.hil.observations import Series

        series = Series(name, unit, tuple(values))
        if recorder is not None:
            recorder.measured_series(request.node.nodeid, series)

    return record
