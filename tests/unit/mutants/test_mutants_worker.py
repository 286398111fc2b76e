"""How a lane's process ends: its board is given back, whenever a signal comes."""

import signal
import subprocess
import sys

import pytest

CHILD = """
import os, signal, sys
from hostkit.mutants import worker
serve, ignore = worker._serve, worker._ignore
where, number = sys.argv[1], int(sys.argv[2])
left = [where]
def a_signal(at):
    if at in left:
        left.remove(at)
        os.kill(os.getpid(), number)
def serving(order, held):
    held.callback(print, "given back", flush=True)
    held.callback(a_signal, "while it is given back")
    a_signal("at work")
def ignoring():
    a_signal("at its end")
    ignore()
worker._serve, worker._ignore = serving, ignoring
sys.exit(worker.main(""))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda n: n.name)
@pytest.mark.parametrize("where", ["at work", "at its end", "while it is given back"])
def test_a_board_is_given_back_whenever_a_signal_comes(where, number):
    argv = [sys.executable, "-c", CHILD, where, str(int(number))]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("given back\n", "")
    assert done.returncode == (0 if where == "while it is given back" else 130)
