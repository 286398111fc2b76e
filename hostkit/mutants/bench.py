"""What a lane does with its tree and board: build, compare, flash, run the suite. No judgement here."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from hostkit.boards.lease import LeaseOffice, Wanted
from hostkit.boards.model import Board
from hostkit.boards.open import open_board
from hostkit.build.model import Artifact
from hostkit.build.platformio import places_for
from hostkit.build.service import build
from hostkit.build.store import ArtifactStore
from hostkit.clock import Clock
from hostkit.errors import HostkitError
from hostkit.flash import model as flash_model
from hostkit.flash.model import TimeOuts
from hostkit.flash.service import flash_artifact
from hostkit.gate.suite import SuiteCall
from hostkit.link.crash.shelf import CrashDecoder
from hostkit.mutants.lane import LaneSpec, Tree
from hostkit.mutants.objects import ObjectShelf, digest_objects
from hostkit.mutants.suite import SuiteEnd, mutant_command, read_end
from hostkit.process import Runner
from hostkit.settings.paths import Paths

_LEASE_S = 20.0  # the server of a lane that was killed takes a moment to let go


@dataclass(frozen=True, slots=True)
class Means:
    """What a lane works with. ``env``: PlatformIO's; ``outer``: the environment for children."""

    env: str
    paths: Paths
    runner: Runner
    clock: Clock
    outer: Mapping[str, str]
    boot_timeout_s: float = 10.0


class LaneBench:
    """One lane at work; the board is held from the first flash to :meth:`close`."""

    def __init__(self, spec: LaneSpec, means: Means) -> None:
        """Nothing is touched before :meth:`open`."""
        self._spec = spec
        self._means = means
        self.tree = Tree(spec)
        self._shelf = ObjectShelf(means.paths.cache / "mutants" / "objects")
        self._held = ExitStack()
        self._board: Board | None = None
        self._token: dict[str, str] = {}

    def open(self) -> None:
        """Make the tree equal to the project and take the lane's board. Raises :class:`HostkitError`."""
        self.tree.refresh()
        office = LeaseOffice(self._means.paths.leases, self._means.clock)
        board = self._spec.board
        what = "hostkit hil mutants"
        lease = office.take(Wanted(board.identity, board.name), what, timeout_s=_LEASE_S)
        self._held.callback(lease.close)
        self._token = lease.environment()

    def build(self) -> Artifact:
        """Build the tree as it is; see :func:`hostkit.build.service.build` for what it raises."""
        means = self._means
        result = build(self.tree.path, means.env, paths=means.paths, runner=means.runner, clock=means.clock)
        if not result.cached:
            self._shelve(result.artifact)
        elif self._shelf.load(result.artifact.build_id) is None:
            # Somebody built just this, but left no objects here: only a build of our own shows them.
            ArtifactStore(means.paths.artifacts).discard(means.env, result.artifact.build_id)
            shutil.rmtree(self._output(), ignore_errors=True)
            return self.build()
        return result.artifact

    def same_code(self, one: Artifact, other: Artifact) -> bool:
        """Did the compiler make the same machine code for both?"""
        first, second = self._shelf.load(one.build_id), self._shelf.load(other.build_id)
        return first is not None and first == second

    def flash(self, artifact: Artifact) -> None:
        """Put an artifact on the lane's board, with empty storage; it must boot and say its build id."""
        means = self._means
        flash_artifact(
            artifact,
            self._opened(),
            flash_model.Bench(
                runner=means.runner,
                clock=means.clock,
                time_outs=TimeOuts(boot=means.boot_timeout_s),
                crashes=CrashDecoder(means.paths.artifacts),
            ),
            erase_nvs=True,
        )

    def renew_board(self) -> None:
        """End the board's server and forget its flash; the next flash starts a new one."""
        board, self._board = self._board, None
        if board is not None:
            board.close()
        shutil.rmtree(self._live(), ignore_errors=True)

    def run(
        self,
        artifact: Artifact,
        timeout_s: float,
        *,
        quick: Path | None = None,
        first: bool = True,
        only: str = "",
        on_text: Callable[[str], None] | None = None,
    ) -> SuiteEnd:
        """Run the suite on what the board holds.

        ``quick``: seconds by test, for the quick ones first; ``first``: stop at the first failure; ``only``:
        one test's node id, "" for all.
        """
        into = self._spec.root / f"run{self._spec.number}"
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir(parents=True)
        call = SuiteCall(self.tree.path, self._spec.board.name, artifact.build_id, "", into, timeout_s)
        command = mutant_command(
            call, dict(self._means.outer) | self._token, quick=quick, first=first, only=only
        )
        return read_end(into, self._means.runner.run(command, on_text=on_text))

    def close(self) -> None:
        """Give the board back and forget what it held; the tree stays for the next time."""
        try:
            self.renew_board()
        finally:
            self._held.close()

    def _opened(self) -> Board:
        if self._board is None:
            paths = self._means.paths
            self._board = open_board(self._spec.board, boards_dir=paths.boards, clock=self._means.clock)
        return self._board

    def _live(self) -> Path:
        return self._means.paths.boards / self._spec.board.name

    def _output(self) -> Path:
        paths = self._means.paths
        return places_for(self.tree.path, self._means.env, core=paths.core, cache=paths.cache).output

    def _shelve(self, artifact: Artifact) -> None:
        self._shelf.save(artifact.build_id, digest_objects(self._output()))


def reason_of(error: HostkitError) -> str:
    """Return an error's message as one line."""
    return " ".join(error.message.split())[:300]
