"""Several processes on one database."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hostkit.store.database import open_database
from hostkit.store.ledger import Ledger

APPEND = """
import sys
from dataclasses import replace
from pathlib import Path
from hostkit.store.database import open_database
from hostkit.store.ledger import Ledger
from hostkit.store.model import ProofKind, Verdict, VerdictRecord

record = VerdictRecord("", ProofKind.COMMAND, Verdict.PASS, "", "", "/p", "a" * 40, "", False, "", "", "", "",
                       "", (), "", "", 1)
sys.stdin.readline()
with open_database(Path(sys.argv[1])) as database:
    for n in range(10):
        Ledger(database).append(replace(record, run_id=f"{sys.argv[2]}-{n}"))
"""


def test_processes_that_open_a_new_database_at_once_make_one_unbroken_ledger(tmp_path: Path) -> None:
    children = [
        subprocess.Popen(
            [sys.executable, "-c", APPEND, str(tmp_path), str(n)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for n in range(4)
    ]
    for child in children:  # all have imported by the time that the last one is told to go on, or will wait
        assert child.stdin is not None
        child.stdin.write(b"go\n")
        child.stdin.flush()
    ends = [child.communicate() for child in children]
    assert [child.returncode for child in children] == [0] * 4, ends
    with open_database(tmp_path) as database:
        assert Ledger(database).check() == 40


def test_opening_a_current_database_does_not_import_alembic(tmp_path: Path) -> None:
    open_database(tmp_path).close()
    code = (
        "import sys; from pathlib import Path; from hostkit.store.database import open_database;"
        "open_database(Path(sys.argv[1])).close();"
        "sys.exit('alembic' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
