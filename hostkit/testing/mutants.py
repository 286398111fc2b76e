"""Lanes and a bench without processes, compilers and boards: they answer what a test prepared."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hostkit.build.model import Artifact, Sizes
from hostkit.errors import HostkitError
from hostkit.mutants.messages import Do, end_record
from hostkit.mutants.model import Fate, Mutant, Result
from hostkit.mutants.pool import Reply
from hostkit.mutants.suite import Ended, SuiteEnd

Fates = Callable[[Mutant, int], Result | None]
"""What becomes of a mutant at its n-th trial (from 1); None: the lane dies of it."""


def artifact_of(build_id: str) -> Artifact:
    """Return an artifact that is nothing but its build id."""
    return Artifact(
        build_id=build_id,
        env="virtual",
        chip="esp32",
        profile="dual-160",
        version="0",
        commit="",
        dirty=True,
        images=(),
        elf="firmware.elf",
        sizes=Sizes(0, 0, 0, 0),
        toolchain={},
        directory=Path(build_id),
    )


class FakeLanes:
    """Implements :class:`hostkit.mutants.pool.Lanes`: one message, one answer, in the order of asking."""

    def __init__(self, fates: Fates, clean: SuiteEnd | None = None) -> None:
        """``clean``: how the suite ends on the clean tree; well, if nothing is said."""
        self._fates = fates
        self._clean = clean or SuiteEnd(Ended.PASSED, seconds=(("t.py::test_a", 0.1), ("t.py::test_b", 0.2)))
        self._replies: deque[Reply] = deque()
        self.tried: list[str] = []
        self.starts: list[int] = []
        self.closed = False

    def start(self, lane: int) -> None:
        """Note that a lane was started."""
        self.starts.append(lane)

    def ask(self, lane: int, message: Mapping[str, Any]) -> None:
        """Prepare the answer."""
        match Do(message["do"]):
            case Do.OPEN:
                self._replies.append(Reply(lane, done={"build": "ab" * 32}))
            case Do.CLEAN:
                self._replies.append(Reply(lane, done=end_record(self._clean)))
            case Do.JUDGE:
                self._replies.append(Reply(lane, done={}))
            case Do.TRY:
                self._try(lane, Mutant.of_record(message["mutant"]))

    def wait(self) -> Sequence[Reply]:
        """Return the oldest answer."""
        return [self._replies.popleft()]

    def close(self) -> None:
        """Note the end."""
        self.closed = True

    def _try(self, lane: int, mutant: Mutant) -> None:
        self.tried.append(mutant.name)
        self._replies.append(Reply(lane, note="build"))
        result = self._fates(mutant, self.tried.count(mutant.name))
        done = None if result is None else result.record()
        self._replies.append(Reply(lane, done=done, gone=result is None))


def killed(mutant: Mutant) -> Result:
    """Return that a test killed it."""
    return Result(mutant.digest, Fate.KILLED, "wired", "hil_tests/test_wire.py::test_x[a]", "red", 1.0)


@dataclass
class FakeBench:
    """Implements :class:`hostkit.mutants.trial.Bench`; ``done`` is what was asked of it, in order.

    ``builds``, ``flashes`` and ``ends`` hold what comes next; an empty queue of the first two means success,
    of ``ends`` a pass. An error in a queue is raised.
    """

    builds: deque[HostkitError] = field(default_factory=deque)
    flashes: deque[HostkitError | None] = field(default_factory=deque)
    ends: deque[SuiteEnd] = field(default_factory=deque)
    same: bool = False
    done: list[str] = field(default_factory=list)

    def build(self) -> Artifact:
        """Return the artifact of a mutant."""
        self.done.append("build")
        if self.builds:
            raise self.builds.popleft()
        return artifact_of("11" * 32)

    def same_code(self, one: Artifact, other: Artifact) -> bool:
        """Return what the test said."""
        return self.same and one.build_id != other.build_id

    def flash(self, artifact: Artifact) -> None:
        """Note it."""
        self.done.append("flash mutant" if artifact.build_id == "11" * 32 else "flash clean")
        error = self.flashes.popleft() if self.flashes else None
        if error is not None:
            raise error

    def renew_board(self) -> None:
        """Note it."""
        self.done.append("renew")

    def run(
        self,
        artifact: Artifact,
        timeout_s: float,  # noqa: ARG002 - the bench's own signature
        *,
        quick: Path | None = None,
        first: bool = True,  # noqa: ARG002
        only: str = "",
    ) -> SuiteEnd:
        """Return the next end."""
        self.done.append(f"run {only or ('quick' if quick else 'whole')}")
        assert artifact.build_id == "11" * 32
        return self.ends.popleft() if self.ends else SuiteEnd(Ended.PASSED)


@dataclass
class FakeSources:
    """Implements :class:`hostkit.mutants.trial.Sources` over a dictionary; ``seen``: every text written."""

    files: dict[str, str]
    seen: list[str] = field(default_factory=list)

    def read(self, file: str) -> str:
        """Return a source."""
        return self.files[file]

    def write(self, file: str, text: str) -> None:
        """Change a source."""
        self.files[file] = text
        self.seen.append(text)
