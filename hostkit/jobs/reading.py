"""From what a step printed to how it ended: pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hostkit.errors import ExitCode
from hostkit.jobs.model import Ending, Outcome, Step

_BY_CODE: dict[int, Outcome] = {
    ExitCode.PASS: Outcome.PASS,
    ExitCode.FAIL: Outcome.FAIL,
    ExitCode.USAGE: Outcome.REFUSED,
    ExitCode.INCONCLUSIVE: Outcome.INCONCLUSIVE,
    ExitCode.INVALID: Outcome.INVALID,
    ExitCode.TOOL: Outcome.INCONCLUSIVE,  # a tool or the machine: another try may do
}
_LEASE = "lease"
_LONGEST = 300  # characters of a reason


def read_ending(step: Step, code: int, printed: str, log: str, *, held: bool = False) -> Ending:
    """Return how a step ended.

    ``code``: its exit code, negative for a signal; ``printed``: its standard output, JSON where it came so
    far; ``log``: its standard error; ``held``: somebody outside the queue has the board, or one of several.
    """
    told = read_json(printed)
    outcome = _BY_CODE.get(code, Outcome.INCONCLUSIVE)
    if outcome is Outcome.INCONCLUSIVE and _is_final(step, told):
        outcome = Outcome.UNDECIDED
    elif code == ExitCode.INCONCLUSIVE and held and _at_the_door(step, told):
        outcome = Outcome.BUSY
    return Ending(
        outcome=outcome,
        reason=_reason(code, told, log)[:_LONGEST],
        evidence=str(told.get("evidence") or told.get("artifact") or ""),
        exit_code=code,
        board_fault=outcome not in (Outcome.UNDECIDED, Outcome.BUSY) and _blames_board(step, code, told),
        runs=_runs(step, told),
        each_runs=_each_runs(told),
    )


def read_left_behind(step: Step, printed: str) -> Ending | None:
    """Return how a step ended whose worker died before it could say so, from its own complete words.

    None when they are not there: then it has to be done again.
    """
    told = read_json(printed)
    if step in (Step.GATE, Step.HIL) and isinstance(told.get("exit_code"), int) and told.get("verdict"):
        return read_ending(step, told["exit_code"], printed, "")
    if step is Step.BUILD and told.get("ok") is True:
        return read_ending(step, ExitCode.PASS, printed, "")
    if step is Step.FLASH and told.get("build_id"):
        return read_ending(step, ExitCode.PASS, printed, "")
    return None


def read_json(printed: str) -> Mapping[str, Any]:
    """Return the JSON object that a verb printed, an empty one when it is not (wholly) there."""
    try:
        told = json.loads(printed)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _runs(step: Step, told: Mapping[str, Any]) -> str:
    """Return the build id that the firmware said over the link, "" where it was not asked."""
    said = told.get("build_id" if step is Step.FLASH else "identity")
    return said if isinstance(said, str) else ""


def _each_runs(told: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the same of each of several boards; one that was not asked is left out."""
    said = told.get("identities")
    if not isinstance(said, dict):
        return ()
    return tuple((name, build) for name, build in said.items() if isinstance(build, str))


def _is_final(step: Step, told: Mapping[str, Any]) -> bool:
    """True for a verdict that is inconclusive though nothing went wrong: only a selection ran."""
    if step not in (Step.GATE, Step.HIL) or not told.get("verdict"):
        return False
    return not told.get("stopped_at") and not _lost(told)


def _lost(told: Mapping[str, Any]) -> bool:
    counts = told.get("counts")
    return isinstance(counts, dict) and bool(counts.get("lost"))


def _blames_board(step: Step, code: int, told: Mapping[str, Any]) -> bool:
    """Say whether the board, or the way to it, is what failed, and no tool."""
    if step is Step.PROBE:  # an image that ran on it before does not, or it is not there
        return code in (ExitCode.FAIL, ExitCode.INCONCLUSIVE, ExitCode.INVALID)
    return step.needs_board and code == ExitCode.INCONCLUSIVE and told.get("stopped_at") != "build"


def _at_the_door(step: Step, told: Mapping[str, Any]) -> bool:
    """True where the step may have ended before it had the board."""
    return step in (Step.FLASH, Step.PROBE) or told.get("stopped_at", _LEASE) == _LEASE


def _reason(code: int, told: Mapping[str, Any], log: str) -> str:
    reasons = told.get("reasons")
    if isinstance(reasons, list) and reasons:
        return str(reasons[0])
    if told.get("error"):
        return str(told["error"])
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    said = [line for line in lines if line.startswith("error: ")]
    if said:
        return said[-1].removeprefix("error: ")
    if code < 0:
        return f"ended by signal {-code}"
    return "" if code == ExitCode.PASS else (lines[-1] if lines else f"exit {code}")
