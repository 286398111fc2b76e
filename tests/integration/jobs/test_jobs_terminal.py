"""`hostkit queue list` on a terminal of 80 columns, with more jobs than it has lines, and in a pipe."""

from __future__ import annotations

import fcntl
import os
import platform
import re
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

import pytest

from hostkit.clock import SystemClock
from hostkit.jobs.model import Kind
from hostkit.jobs.queue import Queue
from hostkit.store.database import open_database
from hostkit.testing.jobs import a_wish_for

WAITING = 60
LIST = [sys.executable, "-P", "-m", "hostkit", "queue", "list"]


@pytest.fixture
def environment(hostkit_environment: dict[str, str], state_dir: Path, project_root: Path) -> dict[str, str]:
    """An environment whose queue has many jobs of people with long names."""
    with open_database(state_dir) as database:
        wanted = [
            a_wish_for(
                (Kind.GATE, Kind.BUILD)[number % 2],
                submitter=f"somebody-with-a-long-name-{number}",
                project=str(project_root),
                host=platform.node(),
                env="an-environment-of-a-long-name",
                identity=f"w{number}",
            )
            for number in range(WAITING)
        ]
        Queue(database, SystemClock()).submit_all(wanted)
    return hostkit_environment


def on_terminal(argv: list[str], env: dict[str, str], cwd: Path, *, columns: int, lines: int) -> list[str]:
    """Run a program on a terminal of that size; return the lines that it printed, without colours."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    process = subprocess.Popen(argv, cwd=cwd, env=env, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    written = b""
    with suppress(OSError):  # EIO: the last who had the terminal is gone
        while piece := os.read(ours, 1 << 16):
            written += piece
    os.close(ours)
    text = written.decode()
    assert process.wait(60) == 0, text
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text).splitlines()


@pytest.mark.parametrize(("lines", "room"), [(16, 13), (24, 20), (5, 12)])
def test_the_list_fits_its_terminal_and_says_how_many_it_leaves_out(
    environment: dict[str, str], project_root: Path, lines: int, room: int
) -> None:
    """``room``: for jobs, beside the heading, the foot and the prompt; 20 of one line of jobs, 12 always."""
    env = {name: value for name, value in environment.items() if name not in ("COLUMNS", "LINES", "CI")}
    shown = on_terminal(LIST, env | {"TERM": "xterm"}, project_root, columns=80, lines=lines)
    assert max(len(line) for line in shown) <= 80
    rows = [line for line in shown if re.match(r" *\d+ +waiting +(gate|build)", line)]
    assert (len(rows), len(shown)) == (room, room + 2)
    assert f"{WAITING} waiting ({WAITING - len(rows)} not shown: --all)" in shown[-1]


def test_in_a_pipe_each_job_is_a_whole_plain_line(environment: dict[str, str], project_root: Path) -> None:
    done = subprocess.run(
        [*LIST, "--all"], cwd=project_root, env=environment, capture_output=True, text=True, check=True
    )
    rows = done.stdout.splitlines()
    assert len(rows) == WAITING + 1
    assert "\x1b" not in done.stdout
    assert all("an-environment-of-a-long-name" in row for row in rows[:-1])
    assert rows[-1].startswith(f"{WAITING} waiting")
