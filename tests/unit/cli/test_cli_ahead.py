"""What comes after a suite is loaded while it runs, and not before."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hostkit.cli.ahead import made_ready
from hostkit.gate.model import Stage
from hostkit.gate.request import Listener

CHILD = """
import sys, threading
from hostkit.cli.ahead import made_ready
from hostkit.gate.model import Stage
from hostkit.gate.request import Listener

def loaded():
    return [name for name in ("sqlalchemy", "jinja2") if name in sys.modules]

listener = made_ready(Listener(), ledger={ledger}, page={page})
listener.stage(Stage.BUILD, "")
listener.stage(Stage.HIL, "some words")
assert threading.active_count() == 1
assert loaded() == []
listener.stage(Stage.HIL, "")
for thread in set(threading.enumerate()) - {{threading.main_thread()}}:
    thread.join()
print(*loaded())
"""


@pytest.mark.parametrize(
    ("ledger", "page", "loaded"), [(True, True, "sqlalchemy jinja2"), (False, True, "jinja2")]
)
def test_what_follows_is_loaded_once_the_suite_begins(ledger: bool, page: bool, loaded: str) -> None:
    code = CHILD.format(ledger=ledger, page=page)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == (loaded, 0), done.stderr


def test_all_that_is_heard_is_passed_on() -> None:
    heard: list[tuple[Stage, str]] = []
    listener = made_ready(Listener(lambda *told: heard.append(told)), ledger=False, page=False)
    for told in [(Stage.BUILD, ""), (Stage.HIL, ""), (Stage.HIL, "3 of 3")]:
        listener.stage(*told)
    assert heard == [(Stage.BUILD, ""), (Stage.HIL, ""), (Stage.HIL, "3 of 3")]
