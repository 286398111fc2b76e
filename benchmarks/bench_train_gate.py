"""The merge train with the real gate: 4 changes, one of them a planted fault, on 1 and on 2 virtual boards.

Minutes, not seconds: every stack is built, flashed and put through the whole suite.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from measure import Row

ROOT = Path(__file__).resolve().parent.parent
CHANGES, BAD = 4, 2
HOSTKIT = (sys.executable, "-P", "-m", "hostkit")


@dataclass(frozen=True)
class Ride:
    """What one train came to. ``used``: the share of the boards' time that gates to their end took."""

    wall_s: float
    used: float
    gates: int


def rows() -> Iterator[Row]:
    """Wall time beside testing one change after another, and how long boards stood idle."""
    alone = ride(("virt0",), 1)
    for boards in (("virt0",), ("virt0", "virt1")):
        train = ride(boards, 4)
        what = f"merge train, {CHANGES} changes, 1 bad, real gate, boards: {len(boards)}"
        ours, theirs = f"{train.gates} gates", f"one by one, {alone.gates} gates"
        yield Row(what, ours, train.wall_s, theirs, alone.wall_s, train.wall_s / alone.wall_s)
        idle, idle_alone = 100 * (1 - train.used), 100 * (1 - alone.used)
        yield Row(
            "  boards idle", "the same", idle, "one by one", idle_alone, idle / idle_alone, "<= 15", "%"
        )


def ride(boards: tuple[str, ...], window: int) -> Ride:
    """Merge all changes into a clone of this project; raises where other ones merged than should."""
    with tempfile.TemporaryDirectory(prefix="hostkit-bench-") as place:
        root = Path(place)
        bare, env = repository(root), dict(os.environ) | {"HOSTKIT_STATE_DIR": str(root / "state")}
        lanes = [word for board in boards for word in ("-b", board)]
        run(bare, env, *HOSTKIT, "merge", "submit", *(f"c{n}" for n in range(CHANGES)))
        began = time.perf_counter()
        run(bare, env, *HOSTKIT, "merge", "run", *lanes, "--window", str(window), codes=(1,))
        wall_s = time.perf_counter() - began
        listed = json.loads(run(bare, env, *HOSTKIT, "merge", "list", "--json"))["changes"]
        ends = [change["status"] for change in listed]
        if ends != ["failed" if n == BAD else "merged" for n in range(CHANGES)]:
            raise RuntimeError(f"the train did something else: {listed}")
        runs = {
            path.parent.resolve() for path in root.glob("state/**/runs/*/timings.json")
        }  # `latest` is one
        timings = [json.loads((path / "timings.json").read_bytes()) for path in runs]
        took = sum(sum(each.values()) for each in timings)
        return Ride(wall_s, took / (len(boards) * wall_s), len(timings))


def repository(root: Path) -> Path:
    """Return a bare clone with a branch for each change: a page more, or the fault."""
    work, env = root / "work", dict(os.environ)
    for role in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{role}_NAME": "bench", f"GIT_{role}_EMAIL": "bench@localhost"}
        os.environ |= {name: env[name] for name in env if name.startswith(f"GIT_{role}")}
    run(root, env, "git", "clone", "-q", str(ROOT), str(work))
    run(work, env, "git", "switch", "-q", "-C", "main")
    for number in range(CHANGES):
        run(work, env, "git", "switch", "-q", "-c", f"c{number}", "main")
        if number == BAD:
            plant(work)
        else:
            (work / "docs" / f"page{number}.md").write_text("a page\n")
        run(work, env, "git", "add", "-A")
        run(work, env, "git", "commit", "-qm", f"change {number}")
    run(root, env, "git", "clone", "-q", "--bare", str(work), "repo.git")
    return root / "repo.git"


def plant(work: Path) -> None:
    """Plant the first of the faults that the project keeps of the wire."""
    faults = tomllib.loads((work / "mutants" / "wire.toml").read_text())["fault"]
    path = work / faults[0]["file"]
    path.write_text(path.read_text().replace(faults[0]["old"], faults[0]["new"]))


def run(at: Path, env: dict[str, str], *argv: str, codes: tuple[int, ...] = (0,)) -> str:
    """Run a program; any other exit code than these stops the benchmark."""
    done = subprocess.run(argv, cwd=at, env=env, capture_output=True, text=True, check=False)
    if done.returncode not in codes:
        raise RuntimeError(f"{argv}: exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done.stdout
