"""Acceptance: the command line as a user types it, real tools, a checkout that the test may spoil."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

GIT = ("git", "-c", "user.name=Test", "-c", "user.email=test@example.invalid", "-c", "commit.gpgsign=false")


@dataclass(frozen=True)
class Checkout:
    """A copy of the checkout under test, with a history of its own."""

    path: Path

    def replace(self, file: str, old: str, new: str) -> None:
        """Change one place in one file; the text must be there exactly once."""
        target = self.path / file
        text = target.read_text()
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {file}"
        target.write_text(text.replace(old, new))

    def commit(self, subject: str, *, empty: bool = False) -> None:
        """Commit everything; ``empty``: also when nothing changed."""
        subprocess.run([*GIT, "add", "-A"], cwd=self.path, check=True)
        options = ["--allow-empty"] if empty else []
        subprocess.run([*GIT, "commit", "-qm", subject, *options], cwd=self.path, check=True)

    def keep_tests(self, *names: str) -> None:
        """Make the suite smaller, where a test is not about all of it: keep these files of ``hil_tests``."""
        files = {path.name: path for path in (self.path / "hil_tests").glob("test_*.py")}
        assert files.keys() > set(names)
        for name in files.keys() - set(names):
            files[name].unlink()

    def head(self) -> str:
        """Return the commit that is checked out, 40 hex digits."""
        asked = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=self.path, check=True, capture_output=True, text=True
        )
        return asked.stdout.strip()


@pytest.fixture
def checkout(project_root: Path, tmp_path: Path) -> Checkout:
    """What git would carry of the checkout under test, uncommitted changes too, as a new repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=project_root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    target = tmp_path / "checkout"
    for name in filter(None, listed.split("\0")):
        if (project_root / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(project_root / name, target / name)
    subprocess.run(["git", "init", "-q", "-b", "main", str(target)], check=True)
    made = Checkout(target)
    made.commit("test: a copy")
    return made


@dataclass(frozen=True)
class Served:
    """A board that `hostkit boards serve` keeps up."""

    process: subprocess.Popen[str]
    port: str
    rfc2217: str


@pytest.fixture
def serve(hostkit_environment: dict[str, str], project_root: Path) -> Callable[..., object]:
    """Return a context manager that serves a board by name."""

    @contextmanager
    def serving(name: str, *options: str) -> Iterator[Served]:
        process = subprocess.Popen(
            [sys.executable, "-m", "hostkit", "boards", "serve", name, *options],
            cwd=project_root,
            env=hostkit_environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            yield Served(process, *_ports(process))
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise
            finally:
                assert process.stdout is not None
                process.stdout.close()

    return serving


def _ports(process: subprocess.Popen[str]) -> tuple[str, str]:
    assert process.stdout is not None
    heard = ""
    for line in process.stdout:
        heard += line
        if "Ctrl-C ends" in line:
            break
    port = re.search(r"^\s*port\s+(\S+)", heard, re.MULTILINE)
    rfc2217 = re.search(r"(rfc2217://\S+)\s", heard)
    assert port, heard
    assert rfc2217, heard
    return port.group(1), rfc2217.group(1)
