"""Eight checkouts build the same source at once: identical work is done once, the others wait for it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from measure import Row, Side, compare

ROOT = Path(__file__).resolve().parent.parent
WORKTREES = 8


def rows() -> Iterator[Row]:
    """Each build is of a source that was never built before: the same line in all, or in the one."""
    with tempfile.TemporaryDirectory(prefix="hk") as name:
        trees, numbers = _worktrees(Path(name)), count()

        def at_once(some: list[Path]) -> None:
            line = f"// variant {os.getpid()} {next(numbers)}\n"
            for tree in some:
                with (tree / "firmware" / "src" / "main_host.cpp").open("a") as source:
                    source.write(line)
            argv = [sys.executable, "-P", "-m", "hostkit", "build", "-e", "virtual", "--json"]
            started = [subprocess.Popen(argv, cwd=tree, **_QUIET) for tree in some]
            codes = [each.wait() for each in started]
            assert not any(codes), "a build failed"

        ours = Side("8 worktrees at once", lambda: at_once(trees[:WORKTREES]))
        one = Side("one hostkit build", lambda: at_once(trees[WORKTREES:]))
        yield compare("same source in 8 worktrees", ours, one, runs=5, target="<= 1.5 x")


_QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def _worktrees(home: Path) -> list[Path]:
    """Make eight worktrees, and one for the build beside them."""
    clone = home / "clone"
    subprocess.run(["git", "clone", "-q", "--shared", str(ROOT), str(clone)], check=True)
    trees = [home / f"w{n}" for n in range(WORKTREES + 1)]
    for tree in trees:
        subprocess.run(["git", "worktree", "add", "-q", "--detach", str(tree)], cwd=clone, check=True)
    return trees
