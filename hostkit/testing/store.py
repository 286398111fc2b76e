"""Records of the ledger, for tests that need some and do not care which."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hostkit.store.model import Attempt, End, Phase, ProofKind, Verdict, VerdictRecord

_PASS = VerdictRecord(
    run_id="r",
    kind=ProofKind.GATE,
    verdict=Verdict.PASS,
    rung="wired",
    fidelity="virtual",
    project="/p",
    commit="a" * 40,
    tree="b" * 40,
    dirty=False,
    env="virtual",
    board="virt0",
    build_id="c" * 64,
    suite="d" * 64,
    selection="",
    reasons=("all 12 tests passed",),
    evidence="/p/.hostkit/runs/r",
    evidence_sha256="e" * 64,
    decided_ns=1,
)

_ATTEMPT = Attempt(
    id=1,
    project="/p",
    task="a",
    number=1,
    phase=Phase.RUNNING,
    end=End.NONE,
    why="",
    base="b" * 40,
    commit="",
    worktree="/w",
    log="/l",
    token="t",
    pid=1,
    pid_start=1,
    boot="x",
    began_ns=1,
    ended_ns=0,
)


def an_attempt(**changes: Any) -> Attempt:
    """Return a task's first attempt, whose agent is at work, with ``changes``."""
    return replace(_ATTEMPT, **changes)


def a_pass(**changes: Any) -> VerdictRecord:
    """Return a clean pass of a whole suite on a virtual board up to the rung wired, with ``changes``."""
    return replace(_PASS, **changes)
