"""False alarms: the suite on the clean tree, again and again, on all lanes at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hostkit.errors import ExitCode, ToolError
from hostkit.mutants.campaign import FIRST_TIMEOUT_S
from hostkit.mutants.journal import Journal
from hostkit.mutants.messages import Do, end_of_record
from hostkit.mutants.pool import Lanes
from hostkit.mutants.suite import Ended


@dataclass(frozen=True, slots=True)
class CleanRun:
    """One run of the suite on the clean tree: how it ended, and by which test if not well."""

    ended: Ended
    tests: int
    seconds: float
    test: str = ""
    message: str = ""

    def record(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "ended": self.ended.value,
            "tests": self.tests,
            "seconds": self.seconds,
            "test": self.test,
            "message": self.message,
        }

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> CleanRun:
        """Return the run of :meth:`record`. Raises :class:`ValueError` or :class:`TypeError`."""
        return cls(**{**record, "ended": Ended(record["ended"])})


def repeat_clean(
    lanes: Lanes, count: int, runs: int, journal: Journal, tell: Callable[[int, CleanRun], None]
) -> tuple[CleanRun, ...]:
    """Have ``runs`` runs in all on ``count`` open lanes, those in the journal counted; return all of them.

    Raises :class:`ToolError` when a lane dies.
    """
    done = [CleanRun.of_record(record) for record in journal.clean][:runs]
    asked = len(done)
    message = {"do": Do.CLEAN.value, "timeout_s": FIRST_TIMEOUT_S, "quick": ""}
    for lane in range(min(count, runs - asked)):
        lanes.ask(lane, message)
        asked += 1
    while len(done) < runs:
        for reply in lanes.wait():
            if reply.note:
                continue
            if reply.done is None:
                raise ToolError(reply.error or f"lane {reply.lane} died", hint="run it again: it goes on")
            end = end_of_record(reply.done)
            took = round(sum(seconds for _, seconds in end.seconds), 2)
            run = CleanRun(end.ended, len(end.seconds), took, end.test, end.message)
            journal.add_clean(run.record())
            done.append(run)
            tell(len(done), run)
            if asked < runs:
                lanes.ask(reply.lane, message)
                asked += 1
    return tuple(done)


def clean_exit_code(runs: Sequence[CleanRun]) -> ExitCode:
    """Fail for any false alarm; inconclusive where a run was cut off by something else."""
    if any(run.ended is Ended.FAILED for run in runs):
        return ExitCode.FAIL
    return ExitCode.PASS if runs and all(run.ended is Ended.PASSED for run in runs) else ExitCode.INCONCLUSIVE
