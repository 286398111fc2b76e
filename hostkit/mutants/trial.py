"""One mutant, from the edit to its fate.

A kill needs a witness: a test that failed, or a stage before the suite. Where the witness could be the
machine (silence, a time-out, a board that does not come up, a test of the line or of times), the clean build
is asked in between on a new board, and the mutant has to fail once more in the same way. What then still
cannot be told is inconclusive, and counts as no kill.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Protocol

from hostkit.build.model import Artifact
from hostkit.build.platformio import CompileError
from hostkit.clock import Clock
from hostkit.errors import FailedError, HostkitError, InconclusiveError, InvalidError
from hostkit.mutants.bench import reason_of
from hostkit.mutants.model import Fate, Mutant, Result
from hostkit.mutants.suite import Ended, SuiteEnd

BUILD, BOOT, LINK, SUITE = "build", "boot", "link", "suite"
"""Stages that notice a mutant without a test's word."""

_WITHOUT_TIME = frozenset({"booted", "rendered", "wired"})
"""Rungs whose tests compare what was drawn and said: a busy machine does not make them fail."""


class Bench(Protocol):
    """What a trial works with; the real one is :class:`hostkit.mutants.bench.LaneBench`."""

    def build(self) -> Artifact:
        """Build the tree as it is."""
        ...

    def same_code(self, one: Artifact, other: Artifact) -> bool:
        """Did the compiler make the same machine code for both?"""
        ...

    def flash(self, artifact: Artifact) -> None:
        """Put an artifact on the board; it must boot and say its build id."""
        ...

    def renew_board(self) -> None:
        """Start over with another board."""
        ...

    def run(
        self,
        artifact: Artifact,
        timeout_s: float,
        *,
        quick: Path | None = None,
        first: bool = True,
        only: str = "",
    ) -> SuiteEnd:
        """Run the suite."""
        ...


class Sources(Protocol):
    """The tree that a mutant is written to."""

    def read(self, file: str) -> str:
        """Return a source."""
        ...

    def write(self, file: str, text: str) -> None:
        """Change a source."""
        ...


@dataclass(frozen=True, slots=True)
class Clean:
    """What is known of the unmutated tree: its artifact, how long a suite may take, what it skips."""

    artifact: Artifact
    timeout_s: float
    quick: Path | None
    skipped: tuple[str, ...] = ()


class Doubt(Enum):
    """Who else could have done it."""

    NOBODY = "nobody"
    MACHINE = "machine"  # perhaps: to be asked a second time
    SURELY_THE_MACHINE = "surely the machine"  # pytest or a tool broke: never a kill


@dataclass(frozen=True, slots=True)
class _Noticed:
    """What one attempt saw."""

    stage: str
    by: str
    message: str
    doubt: Doubt
    failed: bool = False  # it was a test that failed
    timed_out: bool = False

    def like(self, other: _Noticed) -> bool:
        """Is this the same trouble as before, or one that leaves no doubt?"""
        if self.doubt is Doubt.NOBODY:
            return True
        same = (self.stage, self.timed_out) == (other.stage, other.timed_out)
        return same and self.doubt is other.doubt is Doubt.MACHINE


class Trial:
    """Tries mutants on one lane."""

    def __init__(self, bench: Bench, sources: Sources, clean: Clean, clock: Clock) -> None:
        """Take a lane whose tree is clean, and on whose board the clean build passed."""
        self._bench = bench
        self._sources = sources
        self._clean = clean
        self._clock = clock

    def run(self, mutant: Mutant, on_stage: Callable[[str], None] = lambda _: None) -> Result:
        """Return the fate of a mutant. The tree is clean before and afterwards.

        Raises :class:`ValueError` for one that does not apply to the tree, :class:`HostkitError` where the
        lane itself cannot be used any more.
        """
        began_ns = self._clock.monotonic_ns()
        original = self._sources.read(mutant.file)
        self._sources.write(mutant.file, mutant.applied_to(original))
        try:
            result = self._result(mutant, on_stage)
        finally:
            self._sources.write(mutant.file, original)
        return replace(result, seconds=round((self._clock.monotonic_ns() - began_ns) / 1e9, 2))

    def _result(self, mutant: Mutant, on_stage: Callable[[str], None]) -> Result:
        on_stage(BUILD)
        try:
            artifact = self._bench.build()
        except CompileError as error:
            return Result(mutant.digest, Fate.UNBUILDABLE, BUILD, "", reason_of(error))
        except FailedError as error:  # it compiles, but does not fit
            return Result(mutant.digest, Fate.KILLED, BUILD, "", reason_of(error))
        except HostkitError as error:
            return Result(mutant.digest, Fate.INCONCLUSIVE, BUILD, "", reason_of(error))
        if self._bench.same_code(artifact, self._clean.artifact):
            return Result(mutant.digest, Fate.EQUIVALENT, BUILD, "", "the same machine code in every object")
        on_stage(SUITE)
        return replace(self._on_board(mutant, artifact), artifact=artifact.build_id)

    def _on_board(self, mutant: Mutant, artifact: Artifact) -> Result:
        noticed = self._attempt(artifact) or self._in_own_order(artifact)
        if noticed is None:
            return Result(mutant.digest, Fate.SURVIVED)
        if noticed.doubt is Doubt.NOBODY:
            return _killed(mutant, noticed)
        if (trouble := self._ask_clean()) is not None:
            return Result(mutant.digest, Fate.INCONCLUSIVE, noticed.stage, "", trouble)
        again = self._attempt(artifact, noticed.by if noticed.failed else "")
        if again is not None and again.like(noticed):
            return _killed(mutant, again)
        what = f"once {noticed.message}, then " + (again.message if again else "passed")
        return Result(mutant.digest, Fate.INCONCLUSIVE, noticed.stage, noticed.by, what)

    def _in_own_order(self, artifact: Artifact) -> _Noticed | None:
        """A survivor has to pass the suite as a gate runs it too: in its own order."""
        return self._notice(self._bench.run(artifact, self._clean.timeout_s))

    def _attempt(self, artifact: Artifact, only: str = "") -> _Noticed | None:
        """Flash and run once; None when nothing was noticed."""
        try:
            self._bench.flash(artifact)
        except (InconclusiveError, InvalidError) as error:
            return _Noticed(BOOT, "", reason_of(error), Doubt.MACHINE)
        except FailedError as error:  # it crashed, and said so
            return _Noticed(BOOT, "", reason_of(error), Doubt.NOBODY)
        except HostkitError as error:
            return _Noticed(BOOT, "", reason_of(error), Doubt.SURELY_THE_MACHINE)
        quick = None if only else self._clean.quick
        end = self._bench.run(artifact, self._clean.timeout_s, quick=quick, only=only)
        return self._notice(end, whole=not only)

    def _notice(self, end: SuiteEnd, *, whole: bool = True) -> _Noticed | None:
        if end.ended is Ended.PASSED:
            odd = sorted(set(end.skipped) ^ set(self._clean.skipped)) if whole else []
            return _Noticed(SUITE, odd[0], "skipped on one of the two", Doubt.NOBODY) if odd else None
        if end.ended is Ended.FAILED:
            doubt = Doubt.NOBODY if end.rung in _WITHOUT_TIME else Doubt.MACHINE
            return _Noticed(end.rung or SUITE, end.test, end.message, doubt, failed=True)
        doubt = Doubt.SURELY_THE_MACHINE if end.ended is Ended.BROKEN else Doubt.MACHINE
        stage = LINK if end.ended is Ended.LOST else SUITE
        return _Noticed(stage, end.test, end.message, doubt, timed_out=end.ended is Ended.TIMED_OUT)

    def _ask_clean(self) -> str | None:
        """Start over with a new board and the clean build; return what is wrong then, None if nothing."""
        with suppress(HostkitError):
            self._bench.renew_board()
        try:
            self._bench.flash(self._clean.artifact)
        except HostkitError as error:
            return f"the clean build does not come up either: {reason_of(error)}"
        return None


def _killed(mutant: Mutant, noticed: _Noticed) -> Result:
    fate = Fate.TIMED_OUT if noticed.timed_out else Fate.KILLED
    return Result(mutant.digest, fate, noticed.stage, noticed.by, noticed.message)
