"""Checks of one commit. A gate writes its own verdict; a command's exit code is written here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hostkit.files import sha256_file
from hostkit.process import Command
from hostkit.store.ids import new_run_id
from hostkit.store.model import ProofKind, Verdict, VerdictRecord
from hostkit.tasks.agent import Ended, end_marked, marked_environment
from hostkit.tasks.git import clean_environment
from hostkit.tasks.model import Check, CommandCheck, GateCheck
from hostkit.tasks.proof import proofs_of
from hostkit.tasks.workshop import Workshop, last_line

_GATE_TIMEOUT_S = 7200.0  # build, flash and suite have time-outs of their own, and a board may be waited for


def prove(shop: Workshop, checks: Sequence[Check], worktree: Path, log: Path, token: str) -> str:
    """Run the checks that have no pass yet at the worktree's commit, in order, up to the first fail.

    The verdicts are in the ledger afterwards. Returns why a check left none there, or "".
    """
    commit = shop.git.at(worktree).resolve("HEAD")
    for check in checks:
        verdict = proofs_of([check], shop.records(commit))[0].verdict
        if verdict is Verdict.PASS:
            continue
        if verdict is not Verdict.FAIL:
            ended = _run(shop, check, worktree, log, token)
            proof = proofs_of([check], shop.records(commit))[0]
            if ended.stopped or proof.verdict is None:
                return _silent(check, ended, log)
            verdict = proof.verdict
        if verdict is not Verdict.PASS:
            return ""
    return ""


def _silent(check: Check, ended: Ended, log: Path) -> str:
    if ended.stopped:
        return "the runner was stopped"
    said = last_line(log)
    how = "took too long" if ended.timed_out else f"ended with exit {ended.returncode}"
    return f"{check.title} {how} and gave no verdict" + (f": {said}" if said else "")


def _run(shop: Workshop, check: Check, worktree: Path, log: Path, token: str) -> Ended:
    timeout_s = check.timeout_s if isinstance(check, CommandCheck) else _GATE_TIMEOUT_S
    argv = check.argv if isinstance(check, CommandCheck) else tuple(shop.gate_argv(check))
    environment = marked_environment(clean_environment(shop.env), token)
    before = shop.git.at(worktree).checkout()
    try:
        ended = shop.children.run(Command(argv, worktree, environment, timeout_s), log)
    finally:
        end_marked(token, shop.clock)
    if isinstance(check, GateCheck) or ended.stopped:
        return ended
    said = last_line(log)
    how = f"took longer than {timeout_s:g} s" if ended.timed_out else f"exit {ended.returncode}"
    good = ended.returncode == 0 and not ended.timed_out
    verdict = Verdict.PASS if good else Verdict.INCONCLUSIVE if ended.timed_out else Verdict.FAIL
    shop.ledger.append(
        VerdictRecord(
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
            reasons=(how + (f": {said}" if said else ""),),
            evidence=str(log),
            evidence_sha256=sha256_file(log),
            decided_ns=shop.clock.wall_ns(),
        )
    )
    return ended
