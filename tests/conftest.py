"""What every test may use: the checkout, directories that are not the user's, and the command line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("hostkit", deadline=None)  # a busy machine is no failure
settings.load_profile("hostkit")

# A shell starts what it puts in the background with Ctrl-C ignored, and so would every child of the tests
# be that a test ends in that way.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Ran:
    """How a command line ended."""

    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"exit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The checkout under test."""
    return ROOT


@pytest.fixture(scope="session")
def shared_cache() -> Path:
    """One cache for all tests and workers, inside the checkout: content-addressed, so sharing is safe."""
    cache = ROOT / ".hostkit" / "test-cache"
    cache.mkdir(parents=True, exist_ok=True)
    return cache


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """A state directory of the test's own: no board, no lease, no ledger of the user is touched.

    A Unix socket's path may have about 100 bytes, so the directory has a short name.
    """
    state = tmp_path / "s"
    state.mkdir()
    return state


@pytest.fixture
def hostkit_environment(shared_cache: Path, state_dir: Path) -> dict[str, str]:
    """The environment of a child process that sees only the test's directories, and has a name for git."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HOSTKIT_", "PLATFORMIO_", "GIT_"))}
    return kept | {
        "HOSTKIT_CACHE_DIR": str(shared_cache),
        "HOSTKIT_STATE_DIR": str(state_dir),
        "COLUMNS": "100",
        "GIT_AUTHOR_NAME": "Test",
        "GIT_AUTHOR_EMAIL": "test@localhost",
        "GIT_COMMITTER_NAME": "Test",
        "GIT_COMMITTER_EMAIL": "test@localhost",
    }


@pytest.fixture
def hostkit(hostkit_environment: dict[str, str]) -> Callable[..., Ran]:
    """Run `hostkit ARGUMENTS` as a user would, as a child process, in the checkout or in `cwd`."""

    def run(
        *arguments: str, cwd: Path = ROOT, timeout: float = 100, env: dict[str, str] | None = None
    ) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "hostkit", *arguments],
            cwd=cwd,
            env=hostkit_environment | (env or {}),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run
