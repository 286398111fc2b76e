"""Checks of one commit. A gate writes its own verdict; what a check's process says is written here."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hostkit.errors import ExitCode
from hostkit.files import sha256_file
from hostkit.process import Command
from hostkit.store.ids import new_run_id
from hostkit.store.model import ProofKind, Verdict, VerdictRecord
from hostkit.tasks.agent import Ended, end_marked, marked_environment
from hostkit.tasks.checks import CommandCheck, TypedCheck, check_record
from hostkit.tasks.git import Checkout, clean_environment
from hostkit.tasks.model import Check, GateCheck
from hostkit.tasks.proof import proofs_of
from hostkit.tasks.workshop import Workshop, last_line
from hostkit.tasks.worktree import restore

_GATE_TIMEOUT_S = 7200.0  # build, flash and suite have time-outs of their own, and a board may be waited for
_CHECKING = "hostkit.tasks.checking"  # the program that makes a typed check


@dataclass(frozen=True, slots=True)
class _Site:
    """Where checks are made: a worktree of one commit alone, a log, and what marks their processes."""

    worktree: Path
    log: Path
    token: str
    called_off: Callable[[], str]


def prove(
    shop: Workshop,
    checks: Sequence[Check],
    worktree: Path,
    log: Path,
    token: str,
    called_off: Callable[[], str] = lambda: "",
) -> str:
    """Run the checks that have no pass yet at the worktree's commit, in order, up to the first fail.

    Each finds the commit alone: what the one before left there is taken away. ``called_off`` says who
    stopped it meanwhile, or "". The verdicts are in the ledger afterwards. Returns why a check left none
    there, or "". Each check writes to a log of its own beside ``log``: see :func:`check_log`.
    """
    git = shop.git.at(worktree)
    commit = git.resolve("HEAD")
    used = False
    for number, check in enumerate(checks, 1):
        verdict = proofs_of([check], shop.records(commit))[0].verdict
        if verdict is Verdict.PASS:
            continue
        if verdict is not Verdict.FAIL:
            if used:
                restore(git, commit)
            used = True
            site = _Site(worktree, check_log(log, number), token, called_off)
            ended = _run(shop, check, site)
            proof = proofs_of([check], shop.records(commit))[0]
            if by := called_off():
                return f"called off by {by}"
            if ended.stopped or proof.verdict is None:
                return _silent(check, ended, site.log, shop.children.why)
            verdict = proof.verdict
        if verdict is not Verdict.PASS:
            return ""
    return ""


def check_log(log: Path, number: int) -> Path:
    """Return the log of one check of a proof, counted from 1: each has its own, whose hash stays true."""
    return log.with_name(f"{log.stem}-{number}{log.suffix}")


def _silent(check: Check, ended: Ended, log: Path, why: str) -> str:
    if ended.stopped:
        return why or "the runner was stopped"
    said = last_line(log)
    how = "took too long" if ended.timed_out else f"ended with exit {ended.returncode}"
    return f"{check.title} {how} and gave no verdict" + (f": {said}" if said else "")


def _run(shop: Workshop, check: Check, site: _Site) -> Ended:
    before = shop.git.at(site.worktree).checkout()
    since = site.log.stat().st_size if site.log.exists() else 0
    timeout_s = _GATE_TIMEOUT_S if isinstance(check, GateCheck) else check.timeout_s
    argv = tuple(shop.gate_argv(check)) if isinstance(check, GateCheck) else check_argv(check, before.commit)
    environment = marked_environment(clean_environment(shop.env), site.token)
    try:
        ended = shop.children.run(Command(argv, site.worktree, environment, timeout_s), site.log)
    finally:
        end_marked(site.token, shop.clock)
    if not (isinstance(check, GateCheck) or ended.stopped or site.called_off()):
        verdict, reason = check_verdict(check, ended, last_line(site.log, since))
        shop.ledger.append(_record(shop, check, before, site.log, verdict, reason))
    return ended


def check_argv(check: CommandCheck | TypedCheck, commit: str) -> tuple[str, ...]:
    """Return what makes a check, in a directory that holds the commit; "": whatever that directory holds.

    ``-P``: the judge is the hostkit that runs, not the one in the worktree.
    """
    if isinstance(check, CommandCheck):
        return check.argv
    record = json.dumps(check_record(check))
    return (sys.executable, "-P", "-m", _CHECKING, commit, record)


def check_verdict(check: Check, ended: Ended, said: str) -> tuple[Verdict, str]:
    """Return what a process's end says. One that took too long says nothing, however near it was."""
    if ended.timed_out and not isinstance(check, GateCheck):
        how = f"took longer than {check.timeout_s:g} s"
        return Verdict.INCONCLUSIVE, how + (f": {said}" if said else "")
    if isinstance(check, CommandCheck):
        wanted = "" if check.exit == 0 else f", {check.exit} wanted" if ended.returncode != check.exit else ""
        how = f"exit {ended.returncode}{wanted}" + (f": {said}" if said else "")
        return (Verdict.PASS if ended.returncode == check.exit else Verdict.FAIL), how
    known = {ExitCode.PASS: Verdict.PASS, ExitCode.FAIL: Verdict.FAIL}
    verdict = known.get(ExitCode(ended.returncode)) if ended.returncode in set(ExitCode) else None
    return verdict or Verdict.INCONCLUSIVE, said or f"exit {ended.returncode}"


def _record(
    shop: Workshop, check: Check, before: Checkout, log: Path, verdict: Verdict, reason: str
) -> VerdictRecord:
    assert not isinstance(check, GateCheck)
    return VerdictRecord(
        run_id=new_run_id(shop.clock),
        kind=ProofKind.COMMAND,
        verdict=verdict,
        rung="",
        fidelity="",
        project=shop.project,
        commit=before.commit,
        tree=before.tree,
        dirty=before.dirty,
        env="",
        board="",
        build_id="",
        suite=check.digest,
        selection="",
        reasons=(reason,),
        evidence=str(log),
        evidence_sha256=sha256_file(log),
        decided_ns=shop.clock.wall_ns(),
    )
