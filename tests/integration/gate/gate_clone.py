"""A clone of the checkout to run gates in; builds are shared with all other tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hostkit.settings.paths import Paths
from hostkit.store.database import open_database
from hostkit.store.ledger import Ledger

QUICK = "test_identity"  # one file of the suite: enough to tell one verdict from another


@dataclass
class Clone:
    """A clone of the checkout with a state directory of its own; builds are shared with all other tests."""

    path: Path
    paths: Paths

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> tuple[int, dict[str, Any], str]:
        """Run a verb with ``--json`` and return exit code, record and standard error."""
        done = subprocess.run(
            [sys.executable, "-P", "-m", "hostkit", *arguments, "--json"],
            cwd=self.path,
            env=self.environment() | dict(env or {}),
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr

    def environment(self) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("HOSTKIT_", "GIT_"))
        }
        state = {"HOSTKIT_STATE_DIR": str(self.paths.state), "HOSTKIT_CACHE_DIR": str(self.paths.cache)}
        return kept | state

    def on_terminal(self, *arguments: str) -> tuple[int, str]:
        """Run a verb on a terminal with true colours; return the exit code and all that it wrote."""
        process, pieces = self.start_on_terminal(*arguments)
        written = b"".join(pieces)
        return process.wait(60), written.decode(errors="replace")

    def start_on_terminal(
        self, *arguments: str, columns: int = 120
    ) -> tuple[subprocess.Popen[bytes], Iterator[bytes]]:
        """Start a verb on a terminal; return its process and what it writes, piece by piece to its end."""
        ours, theirs = os.openpty()
        colours = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": str(columns)}
        kept = {name: value for name, value in self.environment().items() if name != "NO_COLOR"}
        command = [sys.executable, "-P", "-m", "hostkit", *arguments]
        process = subprocess.Popen(
            command, cwd=self.path, env=kept | colours, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)

        def pieces() -> Iterator[bytes]:
            with suppress(OSError):  # EIO: the last who had the terminal is gone
                while piece := os.read(ours, 1 << 16):
                    yield piece
            os.close(ours)

        return process, pieces()

    @contextmanager
    def serving(self, board: str, *options: str) -> Iterator[None]:
        """Serve a board for several verbs, such as at the pace of a line."""
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "hostkit", "boards", "serve", board, *options],
            cwd=self.path,
            env=self.environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            assert process.stdout is not None
            try:
                assert any("Ctrl-C ends" in line for line in process.stdout)
                yield
            finally:
                process.terminate()

    def runs(self) -> set[str]:
        folder = self.path / ".hostkit" / "runs"
        return {path.name for path in folder.iterdir()} if folder.is_dir() else set()

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.path / file
        text = path.read_text()
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))

    def restore(self) -> None:
        subprocess.run(["git", "checkout", "-q", "."], cwd=self.path, check=True)

    def entries(self) -> list[str]:
        with open_database(self.paths.state) as database:
            return [entry.record.verdict.value for entry in Ledger(database).entries()]
