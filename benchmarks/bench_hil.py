"""What the pytest plugin costs: per test on a board, and where nobody asks for a board."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from measure import Row, Side, command, compare, compare_values
from virtual import MAC, flashed

TESTS = 200
OURS = """
import pytest

@pytest.mark.rung("linked")
@pytest.mark.parametrize("n", range(COUNT))
def test_nothing(link, board, n):
    pass
"""
PEER = """
import pytest, serial

@pytest.fixture(scope="session")
def device():
    with serial.Serial("PORT", timeout=1, exclusive=True) as device:
        yield device

@pytest.fixture
def fresh(device):
    device.reset_input_buffer()
    return device

@pytest.mark.parametrize("n", range(COUNT))
def test_nothing(fresh, n):
    pass
"""
BOARDS = f'[boards.bench]\nkind = "virtual"\nchip = "esp32"\nmac = "{MAC}"\n'


def rows() -> Iterator[Row]:
    """200 empty tests beside plain pytest with a pyserial fixture; then pytest where hostkit is not used."""
    with tempfile.TemporaryDirectory(prefix="hk") as name, flashed(Path(name)) as board:
        state = {"HOSTKIT_STATE_DIR": name}
        ours, peer = Path(name) / "ours", Path(name) / "peer"
        for project, source in ((ours, OURS), (peer, PEER.replace("PORT", board.link_port()))):
            for count in (1, 1 + TESTS):
                _write(project / f"test_{count}.py", source.replace("COUNT", str(count)))
        _write(ours / "boards.toml", BOARDS)
        yield compare_values(
            "fixtures `link` and `board`, a test",
            Side("hostkit.hil", lambda: _per_test(ours, ["--board", "bench"], state)),
            Side("pytest with pyserial", lambda: _per_test(peer, ["-p", "no:hostkit"], state)),
            runs=5,
            target="<= 5 ms",
        )
    with tempfile.TemporaryDirectory(prefix="hk") as name:
        _write(Path(name) / "test_it.py", "def test_it(): pass\n")
        argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        yield compare(
            "pytest that uses no board",
            command("with the plugin", argv, cwd=Path(name)),
            command("-p no:hostkit", [*argv, "-p", "no:hostkit"], cwd=Path(name)),
        )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def _per_test(project: Path, options: Sequence[str], env: dict[str, str]) -> float:
    """Return by how many seconds a session grows with each of its tests."""
    return (_session(project, 1 + TESTS, options, env) - _session(project, 1, options, env)) / TESTS


def _session(project: Path, count: int, options: Sequence[str], env: dict[str, str]) -> float:
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"test_{count}.py", *options]
    began = time.perf_counter()
    done = subprocess.run(
        argv, cwd=project, env=os.environ | env, capture_output=True, text=True, check=False
    )
    took = time.perf_counter() - began
    if done.returncode != 0 or f"{count} passed" not in done.stdout:
        raise RuntimeError(f"{' '.join(argv)}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr}")
    return took
