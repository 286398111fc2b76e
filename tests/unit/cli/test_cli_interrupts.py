"""Signals that end a program: one exception, never lost, and not against who started it."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

LOST = """
import os, signal, sys, time
import click
from hostkit.cli.main import begin, run_command_line

begin()

class Sink:
    def __del__(self):
        os.kill(os.getpid(), int(sys.argv[1]))
        len([])

@click.command()
def verb():
    Sink()
    print("went on", flush=True)
    time.sleep(60)

sys.exit(run_command_line(verb, [], "verb"))
"""
AMID_EXEC = """
import os, sys
from hostkit.cli import main

class Odd:
    def main(self, *_, **__):
        exec("import os; os.kill(os.getpid(), 2); len([])")

main.run = lambda arguments: main.run_command_line(Odd(), arguments, "odd")
main.entry()
"""
AMID_IMPORTS = """
import os
from hostkit.cli import main

main.run = lambda arguments: (os.kill(os.getpid(), 2), len([]))
main.entry()
"""
OTHER = """
from hostkit.cli.main import begin

begin()

class Sink:
    def __del__(self):
        raise ValueError("of another kind")

Sink()
print("went on")
"""
IGNORED = """
import os, signal, sys
from hostkit.cli.main import begin

number = int(sys.argv[1])
signal.signal(number, signal.SIG_IGN)
begin()
os.kill(os.getpid(), number)
print("went on")
"""


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False, timeout=50
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_where_nothing_can_be_raised_comes_again(number: signal.Signals) -> None:
    ran = run(LOST, str(int(number)))
    assert (ran.returncode, ran.stdout, ran.stderr.strip()) == (130, "went on\n", "interrupted")


@pytest.mark.parametrize("program", [AMID_EXEC, AMID_IMPORTS])
def test_an_interrupted_program_ends_with_its_own_code_wherever_it_was(program: str) -> None:
    ran = run(program)
    assert (ran.returncode, ran.stdout, ran.stderr.strip()) == (130, "", "interrupted")


def test_what_else_goes_wrong_in_a_finaliser_is_told_as_ever() -> None:
    ran = run(OTHER)
    assert (ran.returncode, ran.stdout) == (0, "went on\n")
    assert "ValueError: of another kind" in ran.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_whoever_started_it_has_ignored_stays_ignored(number: signal.Signals) -> None:
    ran = run(IGNORED, str(int(number)))
    assert (ran.returncode, ran.stdout) == (0, "went on\n"), ran.stderr
