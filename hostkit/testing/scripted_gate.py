"""A gate that is a script: it judges the commit of its working directory by the files there, in no time.

``python -m hostkit.testing.scripted_gate STATE BOARD [ENV]``, in a worktree. It keeps the contract of
``hostkit gate``: one entry in the ledger of STATE for the commit that is checked out, about ENV (virtual),
and the exit code of its verdict.

- A file ``fail*`` makes the verdict fail, with the file's text as its reason; else it is pass. A file
  ``ENV-fail*`` does that for one env.
- A number in STATE/length is how many seconds it takes, for benchmarks.
- A number in STATE/trouble above 0 is counted down and the answer is inconclusive.
- STATE/slow, a FIFO, is opened for reading first: whoever opens it for writing lets the gate go on.

Every answer is a line in STATE/asked: verdict, board, commit.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hostkit.clock import SystemClock
from hostkit.files import atomic_write
from hostkit.process import SystemRunner
from hostkit.store.database import open_database
from hostkit.store.ids import new_run_id
from hostkit.store.ledger import Ledger
from hostkit.store.model import ProofKind, Verdict, VerdictRecord
from hostkit.tasks.git import Git


def answer(state: Path, tree: Path, board: str, env: str = "virtual") -> int:
    """Judge what is checked out in ``tree``, enter the verdict, return its exit code."""
    if (state / "slow").exists():
        (state / "slow").read_bytes()
    if (state / "length").exists():
        SystemClock().sleep(float((state / "length").read_text()))
    verdict, reason = _judge(state, tree, env)
    here = Git(tree, SystemRunner()).checkout()
    record = VerdictRecord(
        run_id=new_run_id(SystemClock()),
        kind=ProofKind.GATE,
        verdict=verdict,
        rung="wired",
        fidelity="virtual",
        project="scripted",
        commit=here.commit,
        tree=here.tree,
        dirty=here.dirty,
        env=env,
        board=board,
        build_id="",
        suite="",
        selection="",
        reasons=(reason,),
        evidence=f"/evidence/{here.commit}",
        evidence_sha256="",
        decided_ns=SystemClock().wall_ns(),
    )
    with open_database(state) as database:
        Ledger(database).append(record)
    with (state / "asked").open("a") as asked:
        print(verdict.value, board, here.commit, file=asked)
    return int(verdict.exit_code)


def _judge(state: Path, tree: Path, env: str) -> tuple[Verdict, str]:
    trouble = state / "trouble"
    left = int(trouble.read_text()) if trouble.exists() else 0
    if left > 0:
        atomic_write(trouble, str(left - 1).encode())
        return Verdict.INCONCLUSIVE, "link lost"
    for bad in sorted([*tree.glob("fail*"), *tree.glob(f"{env}-fail*")]):
        return Verdict.FAIL, bad.read_text().strip()
    return Verdict.PASS, "all of it passed"


if __name__ == "__main__":
    sys.exit(answer(Path(sys.argv[1]), Path.cwd(), *sys.argv[2:]))
