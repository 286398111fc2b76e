"""One gate at work: what it is asked, with what, where its files go, and what came of it so far."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from hostkit.boards.model import BoardSpec
from hostkit.build.model import Artifact
from hostkit.errors import FailedError, HostkitError, InconclusiveError, InvalidError
from hostkit.flash.model import FlashRecord
from hostkit.gate.crashes import crash_facts, crashes_in, write_crashes
from hostkit.gate.model import (
    ChallengeFact,
    CrashFact,
    IdentityFact,
    Observation,
    Stage,
    Stop,
    SuiteFact,
    ToolFact,
)
from hostkit.gate.parts import folder_of
from hostkit.gate.request import Bench, GateRequest
from hostkit.gate.waived import WaiverFact
from hostkit.link.crash.shelf import CrashDecoder
from hostkit.store.model import Verdict

_MEANING: tuple[tuple[type[HostkitError], Verdict], ...] = (
    (FailedError, Verdict.FAIL),
    (InconclusiveError, Verdict.INCONCLUSIVE),
    (InvalidError, Verdict.INVALID),
)


@dataclass(slots=True)
class Ran:
    """What came of the stages so far. What a verdict rests on is what they left in the evidence."""

    spec: BoardSpec | None = None
    artifact: Artifact | None = None
    flash: FlashRecord | None = None
    suite: SuiteFact | None = None
    identity: IdentityFact | None = None
    observations: tuple[Observation, ...] = ()
    stop: Stop | None = None
    crashes: tuple[CrashFact, ...] = ()
    challenges: tuple[ChallengeFact, ...] = ()
    tools: tuple[ToolFact, ...] = ()
    also: tuple[Ran, ...] = ()  # on the other boards, where several share the suite

    @property
    def build_id(self) -> str:
        """The build id of what was built, "" when nothing was."""
        return self.artifact.build_id if self.artifact else ""


@dataclass(slots=True)
class Run:
    """What every stage works with and adds to. ``into``: the evidence's directory, or the board's own in it.

    ``waivers``: those of the checkout, with why one does not count. ``seconds``: what each stage took by the
    clock on the wall, once where several boards were at it at the same time. ``run_id``: of the run.
    """

    request: GateRequest
    bench: Bench
    into: Path
    decoder: CrashDecoder
    ran: Ran = field(default_factory=Ran)
    seconds: dict[str, float] = field(default_factory=dict)
    waivers: tuple[WaiverFact, ...] = ()
    run_id: str = ""

    def __post_init__(self) -> None:
        """Take the evidence's name for the run's."""
        self.run_id = self.run_id or self.into.name

    def beside(self, spec: BoardSpec) -> Run:
        """Return the same run on another board of several that share the suite, with evidence of its own.

        It reads crashes with a decoder of its own: files that are open have one place for all threads.
        """
        ran = Ran(spec=spec, artifact=self.ran.artifact)
        decoder = CrashDecoder(self.bench.paths.artifacts)
        return replace(self, into=self.into / folder_of(spec.name), ran=ran, decoder=decoder)

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        """Time a stage, and let it stop the run; see :meth:`timed` and :meth:`stoppable`."""
        with self.timed(stage), self.stoppable(stage):
            yield

    @contextmanager
    def timed(self, stage: Stage) -> Iterator[None]:
        """Say that a stage begins, and add what it takes."""
        self.tell(stage, "")
        began = self.bench.clock.monotonic_ns()
        try:
            yield
        finally:
            took = (self.bench.clock.monotonic_ns() - began) / 1e9
            self.seconds[stage.value] = self.seconds.get(stage.value, 0.0) + took

    @contextmanager
    def stoppable(self, stage: Stage) -> Iterator[None]:
        """Turn an error that speaks of firmware or board into the reason of the stop."""
        try:
            yield
        except HostkitError as error:
            verdict = next((verdict for kind, verdict in _MEANING if isinstance(error, kind)), None)
            if verdict is None:
                raise
            self.stop(stage, verdict, error.message, error.hint)
            self.tell(stage, error.message)

    def stop(self, stage: Stage, verdict: Verdict, why: str, hint: str) -> None:
        """Go no further; where several boards share the suite the reason names this one."""
        self.ran.stop = Stop(stage, verdict, f"{self.board}: {why}" if self.board else why, hint)

    @property
    def board(self) -> str:
        """The board's name where several share the suite, "" elsewhere."""
        return self.ran.spec.name if self.ran.spec is not None and len(self.request.boards) > 1 else ""

    def tell(self, stage: Stage, words: str) -> None:
        """Say to whoever listens how it goes."""
        self.bench.listener.stage(stage, f"{self.board}: {words}" if self.board and words else words)

    def look_for_crashes(self, stage: Stage, transcript: str) -> None:
        """Look through what the board sent, independently of who noticed what."""
        path, answered = self.into / transcript, stage is Stage.HIL
        crashes = crashes_in(path, self.decoder, self.ran.build_id, answered=answered)
        if crashes:
            write_crashes(self.into, crashes)
            self.ran.crashes = crash_facts(stage, crashes)
