"""Several processes on one database."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

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


@pytest.mark.parametrize("state", ["current", "new"])
def test_opening_a_database_loads_neither_alembic_where_it_is_current_nor_another_dialect(
    tmp_path: Path, state: str
) -> None:
    if state == "current":
        open_database(tmp_path).close()
    code = (
        "import sys; from pathlib import Path; from hostkit.store.database import open_database;"
        "open_database(Path(sys.argv[1])).close();"
        "sys.exit(any(name in sys.modules for name in ('alembic', 'sqlalchemy.dialects.postgresql')))"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


WRITE_UNTIL = """
import sys
from pathlib import Path
from sqlalchemy import text
from hostkit.store.database import open_database

with open_database(Path(sys.argv[1])) as database:
    print("ready", flush=True)
    sys.stdin.readline()
    counts = []
    # A busy machine may leave one of them out for longer than the others take for 400.
    while sum(counts) < 400 or (len(counts) < 4 or min(counts) < 20) and sum(counts) < 3000:
        with database.write() as connection:
            insert = text("INSERT INTO events (project, task, at_ns, what) VALUES ('p', :who, 1, '')")
            connection.execute(insert, {"who": sys.argv[2]})
            counts = connection.execute(text("SELECT count(*) FROM events GROUP BY task")).scalars().all()
"""


def test_processes_that_write_in_a_tight_loop_do_not_starve_one_another(tmp_path: Path) -> None:
    open_database(tmp_path).close()
    children = [
        subprocess.Popen(
            [sys.executable, "-c", WRITE_UNTIL, str(tmp_path), str(n)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for n in range(4)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write(b"go\n")
        child.stdin.flush()
    for child in children:
        child.communicate()
    assert [child.returncode for child in children] == [0] * 4
    with open_database(tmp_path) as database, database.read() as connection:
        shares = connection.execute(text("SELECT task, count(*) FROM events GROUP BY task")).all()
    # With SQLite's own handler the last of them wrote once, or not at all.
    assert min(count for _, count in shares) >= 20, shares
    assert len(shares) == 4
