"""The stages of one gate. What stops a stage becomes part of the facts; what breaks the machine is raised."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from hostkit.boards.catalog import load_catalog
from hostkit.boards.foreign import refuse_foreign
from hostkit.boards.lease import Lease, LeaseOffice, Wanted
from hostkit.boards.model import Board, BoardSpec
from hostkit.boards.open import open_board
from hostkit.boards.outage import OutageBook
from hostkit.build.model import Artifact
from hostkit.build.platformio import CompileError
from hostkit.build.service import BuildResult, build
from hostkit.build.store import LOG, MANIFEST
from hostkit.errors import FailedError, HostkitError, InconclusiveError, InvalidError, UsageError
from hostkit.flash import model as flash_model
from hostkit.flash.model import FlashRecord, TimeOuts
from hostkit.flash.service import flash_artifact
from hostkit.gate.crashes import crash_facts, crashes_in, write_crashes
from hostkit.gate.evidence import write_bytes
from hostkit.gate.model import (
    BuildFact,
    CrashFact,
    Facts,
    FlashFact,
    IdentityFact,
    Observation,
    Stage,
    Stop,
    SuiteFact,
)
from hostkit.gate.observations import read_suite
from hostkit.gate.recovery import Rescue
from hostkit.gate.request import Bench, GateRequest
from hostkit.gate.suite import OBSERVATIONS, OUTPUT, TRANSCRIPT, SuiteCall, suite_command
from hostkit.hil.catalog import find_catalog
from hostkit.hil.observations import Outcome
from hostkit.link.crash.shelf import CrashDecoder
from hostkit.link.transcript import Transcript
from hostkit.store.model import Verdict
from hostkit.tasks.git import Checkout
from hostkit.tasks.model import ANY_BOARD

DIAGNOSTICS, ESPTOOL_LOG, BOOT_TRANSCRIPT = "diagnostics.txt", "esptool.log", "boot.jsonl"
"""Files that a failed build, and flashing, leave in the evidence."""

_MEANING: tuple[tuple[type[HostkitError], Verdict], ...] = (
    (FailedError, Verdict.FAIL),
    (InconclusiveError, Verdict.INCONCLUSIVE),
    (InvalidError, Verdict.INVALID),
)


@dataclass(slots=True)
class Ran:
    """What came of the stages so far."""

    spec: BoardSpec | None = None
    artifact: Artifact | None = None
    flash: FlashRecord | None = None
    suite: SuiteFact | None = None
    identity: IdentityFact | None = None
    observations: tuple[Observation, ...] = ()
    stop: Stop | None = None
    crashes: tuple[CrashFact, ...] = ()

    def facts(self, checkout: Checkout, selection: str) -> Facts:
        """Return what a decision may rest on."""
        return Facts(
            fidelity=self.spec.fidelity if self.spec else None,
            build=None if self.artifact is None else _built(self.artifact, checkout),
            flash=None if self.flash is None else _flashed(self.flash),
            identity=self.identity,
            suite=self.suite,
            observations=self.observations,
            selection=selection,
            stop=self.stop,
            crashes=self.crashes,
        )


def _built(artifact: Artifact, checkout: Checkout) -> BuildFact:
    return BuildFact(artifact.build_id, artifact.commit, artifact.dirty or checkout.dirty)


def _flashed(flash: FlashRecord) -> FlashFact:
    same = all(region.md5_expected == region.md5_read for region in flash.regions)
    return FlashFact(flash.build_id, flash.identity.mac, bool(flash.regions) and same)


class Stages:
    """Stages of one request, leaving files in ``into``; the board is held for flash and suite only."""

    def __init__(self, request: GateRequest, bench: Bench, into: Path) -> None:
        """Read the catalogue. Raises :class:`UsageError` for an unknown board, before anything is built."""
        self._request = request
        self._bench = bench
        self._into = into
        self._catalog = load_catalog(find_catalog(request.project))
        if request.board != ANY_BOARD:
            self._catalog.get(request.board)
        self._decoder = CrashDecoder(bench.paths.artifacts)
        self._outages = OutageBook(bench.paths.state, bench.clock)
        self.seconds: dict[str, float] = {}
        self.ran = Ran()

    def run(self) -> None:
        """Run every stage up to the first that stops."""
        with ExitStack() as held:
            if self._request.rules.build and not self._build():
                return
            board, lease = self._lease(held)
            if board is None or lease is None:
                return
            if self._request.rules.flash and not self._flash(board):
                return
            self._hil(board, lease)

    @contextmanager
    def _stage(self, stage: Stage) -> Iterator[None]:
        """Time a stage, and turn an error that speaks of firmware or board into the reason of the stop."""
        self._bench.listener.stage(stage, "")
        began = self._bench.clock.monotonic_ns()
        try:
            yield
        except HostkitError as error:
            verdict = next((verdict for kind, verdict in _MEANING if isinstance(error, kind)), None)
            if verdict is None:
                raise
            self.ran.stop = Stop(stage, verdict, error.message, error.hint)
            self._bench.listener.stage(stage, error.message)
        finally:
            self.seconds[stage.value] = (self._bench.clock.monotonic_ns() - began) / 1e9

    def _build(self) -> bool:
        bench = self._bench
        with self._stage(Stage.BUILD):
            try:
                result = build(
                    self._request.project,
                    self._request.env,
                    paths=bench.paths,
                    runner=bench.runner,
                    clock=bench.clock,
                    on_event=bench.listener.build,
                    timeout_s=bench.settings.build_timeout_s,
                )
            except CompileError as error:
                told = "\n".join(str(diagnostic) for diagnostic in error.diagnostics)
                write_bytes(self._into, DIAGNOSTICS, told.encode())
                raise
            self.ran.artifact = result.artifact
            self._keep_build(result)
            how = "unchanged" if result.cached else "built"
            bench.listener.stage(Stage.BUILD, f"{how}, build {result.artifact.short_id}")
        return self.ran.stop is None

    def _keep_build(self, result: BuildResult) -> None:
        """Copy what says how the artifact came to be; the artifact itself stays in its store."""
        for name in (MANIFEST, LOG):
            shutil.copyfile(result.artifact.directory / name, self._into / name)

    def _lease(self, held: ExitStack) -> tuple[Board | None, Lease | None]:
        board: Board | None = None
        lease: Lease | None = None
        with self._stage(Stage.LEASE):
            self.ran.spec, lease = self._take()
            held.callback(lease.close)
            self._outages.refuse(self.ran.spec)
            board = open_board(self.ran.spec, boards_dir=self._bench.paths.boards, clock=self._bench.clock)
            held.callback(board.close)
            refuse_foreign(board)
            self._bench.listener.stage(Stage.LEASE, f"holds {self.ran.spec.name}")
        return board, lease

    def _take(self) -> tuple[BoardSpec, Lease]:
        """Take the named board, or the first free one that fits."""
        office = LeaseOffice(self._bench.paths.leases, self._bench.clock)
        named = self._request.board != ANY_BOARD
        specs = (self._catalog.get(self._request.board),) if named else self._fitting()
        index, lease = office.take_first(
            [Wanted(spec.identity, spec.name) for spec in specs],
            f"hostkit gate -e {self._request.env} -b {self._request.board}",
            timeout_s=self._bench.settings.lease_timeout_s,
            env=self._bench.env,
            tell=lambda words: self._bench.listener.stage(Stage.LEASE, words),
        )
        return specs[index], lease

    def _fitting(self) -> tuple[BoardSpec, ...]:
        artifact, rules = self.ran.artifact, self._request.rules
        found = tuple(
            spec
            for spec in self._catalog
            if spec.fidelity >= rules.min_fidelity
            and (artifact is None or (spec.chip.value, spec.profile) == (artifact.chip, artifact.profile))
        )
        if not found:
            chip = f"{artifact.chip} with profile {artifact.profile}" if artifact else "any chip"
            wanted = f"{chip}, at least {rules.min_fidelity.name.lower()}"
            raise UsageError(
                f"no board of {self._catalog.path.name} fits: {wanted}",
                hint="name one with -b, or add one",
            )
        usable = tuple(spec for spec in found if self._outages.find(spec) is None)
        if not usable:
            self._outages.refuse(found[0])
        return usable

    def _flash(self, board: Board) -> bool:
        bench, artifact = self._bench, self.ran.artifact
        assert artifact is not None
        with self._stage(Stage.FLASH):
            transcript = Transcript(bench.clock, path=self._into / BOOT_TRANSCRIPT)
            with transcript:
                self.ran.flash = flash_artifact(
                    artifact,
                    board,
                    flash_model.Bench(
                        runner=bench.runner,
                        clock=bench.clock,
                        log=self._into / ESPTOOL_LOG,
                        transcript=transcript,
                        time_outs=TimeOuts(
                            write=bench.settings.flash_timeout_s, boot=bench.settings.boot_timeout_s
                        ),
                        on_progress=bench.listener.flash,
                        crashes=self._decoder,
                    ),
                )
            bench.listener.stage(Stage.FLASH, f"{self.ran.flash.bytes} bytes, read back, the board says so")
        if self.ran.stop is not None:
            self._look_for_crashes(Stage.FLASH, BOOT_TRANSCRIPT)
            self._rescue(board, Stage.FLASH, lost=self.ran.stop.verdict is Verdict.INCONCLUSIVE)
        return self.ran.stop is None

    def _hil(self, board: Board, lease: Lease) -> None:
        bench = self._bench
        with self._stage(Stage.HIL):
            call = SuiteCall(
                project=self._request.project,
                board=board.spec.name,
                build=self.ran.artifact.build_id if self.ran.artifact else "",
                selection=self._request.selection,
                into=self._into,
                timeout_s=bench.settings.hil_timeout_s,
            )
            command = suite_command(call, dict(bench.env) | lease.environment())
            ended = bench.runner.run(command, on_text=bench.listener.suite)
            write_bytes(self._into, OUTPUT, ended.output.encode())
            self.ran.suite, self.ran.identity, self.ran.observations = read_suite(
                self._into / OBSERVATIONS, ended
            )
            passed = sum(seen.outcome is Outcome.PASSED for seen in self.ran.observations)
            bench.listener.stage(Stage.HIL, f"{passed} of {len(self.ran.observations)} tests passed")
        self._look_for_crashes(Stage.HIL, TRANSCRIPT)
        lost = any(seen.outcome is Outcome.LOST for seen in self.ran.observations)
        self._rescue(board, Stage.HIL, lost=lost)

    def _rescue(self, board: Board, stage: Stage, *, lost: bool) -> None:
        """Look after a board that was lost; one that crashed is well, its firmware is not."""
        if not lost or any(crash.blames_firmware for crash in self.ran.crashes):
            return
        rescue = Rescue(self._bench, self._request.env, self._into, self._request.rules.flash)
        answered = self.ran.flash is not None or self.ran.identity is not None
        found = rescue.run(board, answered=answered)
        stop = self.ran.stop
        if found is not None and found.firmware_is_sick and stop is not None:
            reason = f"{stop.reason}; an image that is known to run does run on this board"
            self.ran.stop = replace(stop, verdict=Verdict.FAIL, reason=reason)
        if found is not None:
            last = found.tried[-1]
            self._bench.listener.stage(stage, f"{last.step.value}: {last.detail}")

    def _look_for_crashes(self, stage: Stage, transcript: str) -> None:
        """Look through what the board sent, independently of who noticed what."""
        build = self.ran.artifact.build_id if self.ran.artifact else ""
        crashes = crashes_in(self._into / transcript, self._decoder, build, answered=stage is Stage.HIL)
        if crashes:
            write_crashes(self._into, crashes)
            self.ran.crashes = crash_facts(stage, crashes)
