"""A whole `hostkit hil mutants`: which mutants, on which ground, and the report that is left."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

from hostkit.build.inputs import Revision, read_revision
from hostkit.build.lock import hold
from hostkit.clock import Clock
from hostkit.errors import UsageError
from hostkit.files import atomic_write, pretty_json
from hostkit.gate.evidence import suite_hash
from hostkit.gate.suite import suite_places
from hostkit.mutants.campaign import Campaign, Listener, Told
from hostkit.mutants.clean import CleanRun, repeat_clean
from hostkit.mutants.journal import Journal
from hostkit.mutants.lane import lane_spec
from hostkit.mutants.messages import LaneOrder
from hostkit.mutants.model import Fate, Mutant, Origin, Result
from hostkit.mutants.planted import read_planted
from hostkit.mutants.pool import Lanes, ProcessLanes
from hostkit.mutants.report import Report, Scope, as_json, as_markdown
from hostkit.mutants.reviewed import Verdicts, read_reviews
from hostkit.mutants.sample import draw, read_sources
from hostkit.process import Runner
from hostkit.settings.paths import Paths

DIRECTORY = ".hostkit/mutants"
"""Where a project keeps what a campaign leaves."""

JSON_REPORT, MARKDOWN_REPORT = "report.json", "report.md"


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked. ``only``: patterns of names, empty for all; ``jobs``: lanes."""

    project: Path
    env: str
    board: str
    generic: int = 0
    seed: int = 1
    planted: bool = True
    only: tuple[str, ...] = ()
    jobs: int = 2
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """What it works with. ``lanes_of`` starts lanes by their orders."""

    paths: Paths
    runner: Runner
    clock: Clock
    boot_timeout_s: float
    listener: Listener
    lanes_of: Callable[[Sequence[LaneOrder]], Lanes] = ProcessLanes


def choose(request: Request) -> tuple[Mutant, ...]:
    """Return the mutants that are asked for, planted ones first.

    Raises :class:`UsageError` for planted faults that do not apply, and when nothing fits ``only``.
    """
    planted = read_planted(request.project) if request.planted else ()
    generic = draw(read_sources(request.project), request.generic, request.seed)
    found = [
        mutant
        for mutant in (*planted, *generic)
        if not request.only or any(fnmatch(mutant.name, pattern) for pattern in request.only)
    ]
    if not found:
        raise UsageError("there is no such mutant", hint="`hostkit hil mutants --list` names all")
    return tuple(found)


def run_mutants(request: Request, desk: Desk) -> Report:
    """Try the mutants that are asked for and leave the report. Results that hold already are taken over.

    Raises :class:`FailedError` when the suite does not pass on the clean tree, :class:`UsageError` and
    :class:`ToolError` as building and boards do; what was found up to then is kept.
    """
    mutants = choose(request)
    reviews = read_reviews(request.project, read_sources(request.project))
    with _Session(request, desk) as session:
        report = session.try_all(mutants, reviews)
    directory = request.project / DIRECTORY
    atomic_write(directory / JSON_REPORT, pretty_json(as_json(report)))
    atomic_write(directory / MARKDOWN_REPORT, as_markdown(report).encode())
    return report


def run_clean(
    request: Request, desk: Desk, runs: int, tell: Callable[[int, CleanRun], None]
) -> tuple[CleanRun, ...]:
    """Run the suite on the clean tree ``runs`` times; runs of before on the same ground count."""
    with _Session(request, desk) as session:
        return repeat_clean(session.lanes, request.jobs, runs, session.journal, tell)


class _Session:
    """Lanes, journal and lock of one run."""

    def __init__(self, request: Request, desk: Desk) -> None:
        self._request = request
        self._desk = desk
        self._held = ExitStack()
        self._directory = request.project / DIRECTORY

    def __enter__(self) -> _Session:
        request, desk = self._request, self._desk
        orders = [_order(request, desk, number) for number in range(request.jobs)]
        lane_spec(request.project, desk.paths.cache, request.board, 0)  # refuses a real board
        with ExitStack() as held:
            held.enter_context(hold(self._directory / "lock", on_wait=self._tell_wait))
            self.lanes = desk.lanes_of(orders)
            held.callback(self.lanes.close)
            self._campaign = Campaign(self.lanes, request.jobs, self._directory, desk.listener)
            self.build = self._campaign.open()
            self.ground = ground_of(request.project, self.build, request.board)
            self.journal = Journal(self._directory, self.ground, fresh=request.fresh)
            held.callback(self.journal.close)
            self._held = held.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def _tell_wait(self) -> None:
        words = "waiting for another run of mutants in this checkout"
        self._desk.listener(Told.WAIT, None, None, words)

    def try_all(self, mutants: Sequence[Mutant], reviews: Verdicts) -> Report:
        """Prove the clean tree, try what is left to try, and put reviews beside what survived."""
        request = self._request
        clean = self._campaign.prove_clean()
        found = self._campaign.run(mutants, self.journal)
        if ground_of(request.project, self.build, request.board) != self.ground:
            raise UsageError(
                "tests or models were edited meanwhile", hint="leave them alone, then run it again"
            )
        revision = read_revision(request.project, self._desk.runner)
        results = reviewed(mutants, found, reviews)
        scope = _scope(request, self.ground, revision, len(clean.seconds), self._desk.clock, reviews)
        return Report(scope, tuple(mutants), results)


def ground_of(project: Path, build: str, board: str) -> str:
    """Return the hash of all that a result rests on: the build id (sources, tools), suite, models, board."""
    suite = suite_hash(suite_places(project), {"board": board})
    return hashlib.sha256(f"{build} {suite}".encode()).hexdigest()


def reviewed(
    mutants: Sequence[Mutant], results: Mapping[str, Result], reviews: Verdicts
) -> dict[str, Result]:
    """Return the results with generic survivors that a review calls equivalent made so. Pure.

    A planted fault is somebody's claim that it matters: no review helps it.
    """
    changed = dict(results)
    for mutant in mutants:
        result = results.get(mutant.digest)
        if result is None or result.fate is not Fate.SURVIVED or mutant.origin is not Origin.GENERIC:
            continue
        if reason := reviews.reason(mutant):
            changed[mutant.digest] = replace(result, fate=Fate.EQUIVALENT, message=f"reviewed: {reason}")
    return changed


def _order(request: Request, desk: Desk, number: int) -> LaneOrder:
    return LaneOrder(
        project=str(request.project.resolve()),
        state=str(desk.paths.state.resolve()),
        cache=str(desk.paths.cache.resolve()),
        board=request.board,
        env=request.env,
        number=number,
        boot_timeout_s=desk.boot_timeout_s,
    )


def _scope(
    request: Request, ground: str, revision: Revision, tests: int, clock: Clock, reviews: Verdicts
) -> Scope:
    return Scope(
        ground=ground,
        commit=revision.commit,
        dirty=revision.dirty,
        env=request.env,
        board=request.board,
        seed=request.seed,
        tests=tests,
        when=datetime.fromtimestamp(clock.wall_ns() / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        stale=reviews.stale,
    )
