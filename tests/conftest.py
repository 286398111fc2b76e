"""What every test may use: the checkout, directories that are not the user's, and the command line."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import settings

from hostkit.settings.paths import Paths


def roomy(place: Path, room: int) -> bool:
    """True if a directory takes that many bytes of files and programs, and the machine's memory does too."""
    try:
        there = os.statvfs(place)
        meminfo = Path("/proc/meminfo").read_text()
    except OSError:
        return False
    free = next((line.split()[1] for line in meminfo.splitlines() if line.startswith("MemAvailable:")), "0")
    runs = not there.f_flag & os.ST_NOEXEC and os.access(place, os.W_OK | os.X_OK)
    return runs and min(there.f_bavail * there.f_frsize, int(free) << 10) >= room


settings.register_profile("hostkit", deadline=None)  # a busy machine is no failure
settings.load_profile("hostkit")

# A shell starts what it puts in the background with Ctrl-C ignored, and so would every child of the tests
# be that a test ends in that way.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent
UNIT = ROOT / "tests" / "unit"

# Tests make some 100,000 files, most of them in checkouts of their own, and drop them again: on a disk that
# is a tenth of all their processor time and most of their waiting. So they do it in memory where there is
# room for it, programs may be run from there, and nobody chose another place.
MEMORY, ROOM = Path("/dev/shm"), 4 << 30
if "TMPDIR" not in os.environ and roomy(MEMORY, ROOM):
    os.environ["TMPDIR"] = str(MEMORY)
    tempfile.tempdir = None  # it may have been asked for before


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let every worker begin with its share of the longest, and end with unit tests.

    One that begins last is waited for by all. The longest are those that may take longer than others. Each
    worker is given a stretch of what was collected, as long as the others' (``--dist worksteal``), and takes
    from the ends of theirs later: there, what files share is cheap to make once more.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    longest = sorted((item for item in items if _limit(item)), key=_limit, reverse=True)
    others = [item for item in items if not _limit(item)]
    units = iter([item for item in others if UNIT in item.path.parents])
    rest = [item for item in others if UNIT not in item.path.parents]
    dealt = []
    for worker in range(workers):
        begin, end = (len(rest) * edge // workers for edge in (worker, worker + 1))
        share = [*longest[worker::workers], *rest[begin:end]]
        dealt += [*share, *islice(units, max(0, (len(items) + worker) // workers - len(share)))]
    items[:] = [*dealt, *units]


def _limit(item: pytest.Item) -> float:
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark else 0.0


def pytest_collection_finish() -> None:
    """Leave what was collected, thousands of items, out of every later search for garbage."""
    gc.collect()
    gc.freeze()


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
    """One cache for all tests and workers, inside the checkout: content-addressed, so sharing is safe.

    Only zig's own is the user's: its C library, which takes 20 s to compile, is the same for every build.
    """
    cache = ROOT / ".hostkit" / "test-cache"
    cache.mkdir(parents=True, exist_ok=True)
    users = Paths.from_environment(os.environ).cache.absolute() / "zig"
    users.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):  # another worker was faster, or it is from before
        (cache / "zig").symlink_to(users)
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
    """Run `hostkit ARGUMENTS` as a user would, as a child process, in the checkout or in `cwd`.

    As the command that is installed, which looks for no modules in its working directory.
    """

    def run(
        *arguments: str, cwd: Path = ROOT, timeout: float = 100, env: dict[str, str] | None = None
    ) -> Ran:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "hostkit", *arguments],
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
