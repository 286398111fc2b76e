"""A layered graph of 1,000 commands, 8 wide, each with a log: hostkit beside tools that are made for it.

``/bin/true`` does nothing, so what is timed is the tool itself, from its start as a program to its end.
hostkit keeps a durable record of each attempt, on the disk before what needs it starts. Of the others ninja
keeps a log of what it built, doit a database, both without waiting for the disk; make keeps nothing.
"""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from measure import Row, Side, compare_values, timed

LAYERS, WIDE, JOBS = 10, 100, 8
WHAT = f"{LAYERS * WIDE:,} commands in {LAYERS} layers, {JOBS} wide"
TARGET = "<= 0.8 s"
PEERS = Path(__file__).resolve().parents[1] / ".hostkit" / "bench-peers"
"""Where peers are put that PyPI has: never beside hostkit, never asked for by it."""


@dataclass(frozen=True, slots=True)
class _Peer:
    """A tool: the file that it reads, and its command line after the program."""

    name: str
    file: str
    text: Callable[[], str]
    options: Sequence[str]
    logged: bool = True
    runs: int = 5


def rows() -> Iterator[Row]:
    """Run the same graph in turn; what is not there, and cannot be put there, is «not run»."""
    home = Path(tempfile.mkdtemp(prefix="hostkit-bench-"))
    try:
        for peer in TOOLS:
            program = _program(peer.name)
            if program is None:
                yield Row(WHAT, "hostkit tasks run", math.nan, f"{peer.name}: not run", math.nan, math.nan)
                continue
            ours = Side("hostkit tasks run", partial(_ours, home))
            side = Side(_named(peer), partial(_theirs, home, peer, program))
            for each in (ours, side):  # once, so that files are in memory
                each.once()
            yield compare_values(WHAT, ours, side, runs=peer.runs, target=TARGET)
    finally:
        shutil.rmtree(home)


def _named(peer: _Peer) -> str:
    return f"{peer.name} -j{JOBS}" + ("" if peer.logged else ", no logs, no shell")


def _graph() -> Iterator[tuple[str, tuple[str, ...]]]:
    for layer in range(LAYERS):
        for number in range(WIDE):
            needs = (f"L{layer - 1}-{number}", f"L{layer - 1}-{(number + 1) % WIDE}") if layer else ()
            yield f"L{layer}-{number}", needs


def _plan() -> str:
    lines = [
        f"  - {{id: {name}, title: {name}, needs: [{', '.join(needs)}], run: [/bin/true]}}"
        for name, needs in _graph()
    ]
    return "\n".join(["version: 1", "tasks:", *lines, ""])


def _ours(home: Path) -> float:
    """Return what a first run takes, in seconds: a new state directory, a plan that was never read."""
    state, checkout = home / "state", home / "checkout"
    for old in (state, checkout):
        shutil.rmtree(old, ignore_errors=True)
    checkout.mkdir()
    (checkout / "platformio.ini").touch()
    (checkout / "tasks.yaml").write_text(_plan())
    git = ("git", "-c", "user.name=bench", "-c", "user.email=bench@localhost")
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-qm", "plan")):
        subprocess.run([*git, *words], cwd=checkout, check=True)
    env = dict(os.environ, HOSTKIT_STATE_DIR=str(state), HOSTKIT_CACHE_DIR=str(home / "cache"))
    program = Path(sys.executable).with_name("hostkit")
    seconds = _timed([str(program), "tasks", "run", "--jobs", str(JOBS)], checkout, env)
    logs = len(list(state.glob("tasks/*/logs/*.log")))
    if logs != LAYERS * WIDE:
        raise RuntimeError(f"{logs} logs, {LAYERS * WIDE} wanted")
    return seconds


def _theirs(home: Path, peer: _Peer, program: str) -> float:
    place = home / peer.name
    shutil.rmtree(place, ignore_errors=True)
    (place / "logs").mkdir(parents=True)
    (place / peer.file).write_text(peer.text())
    seconds = _timed([program, *peer.options], place, dict(os.environ))
    logs = len(list(place.glob("logs/*.log")))
    if peer.logged and logs != LAYERS * WIDE:
        raise RuntimeError(f"{peer.name}: {logs} logs, {LAYERS * WIDE} wanted")
    return seconds


def _timed(argv: Sequence[str], cwd: Path, env: dict[str, str]) -> float:
    def once() -> None:
        done = subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(
                f"{argv[0]}: exit {done.returncode}\n{done.stdout[-500:]}{done.stderr[-1500:]}"
            )

    return timed(once)


def _program(name: str) -> str | None:
    """Return where a tool is: where the user has it, else in a place of its own where PyPI may give it."""
    found = shutil.which(name)
    if found is not None or name == "make":
        return found
    program = PEERS / "bin" / name
    if not program.exists():
        if not (PEERS / "bin" / "python").exists():
            venv.create(PEERS, with_pip=True)
        argv = [str(PEERS / "bin" / "python"), "-m", "pip", "install", "-q", name]
        subprocess.run(argv, capture_output=True, check=False)
    return str(program) if program.exists() else None


def _makefile(*, logged: bool) -> str:
    lines = [f"all: {' '.join(f'L{LAYERS - 1}-{number}' for number in range(WIDE))}"]
    for name, needs in _graph():
        lines += [
            f"{name}: {' '.join(needs)}",
            "\t@/bin/true" + (f" > logs/{name}.log 2>&1" if logged else ""),
        ]
    return "\n".join(lines) + "\n"


def _ninja() -> str:
    lines = ["rule run", "  command = /bin/true > $out 2>&1"]
    for name, needs in _graph():
        lines.append(f"build logs/{name}.log: run | {' '.join(f'logs/{need}.log' for need in needs)}")
    return "\n".join(lines) + "\n"


def _doit() -> str:
    graph = list(_graph())
    return (
        f"GRAPH = {graph!r}\n"
        "DOIT_CONFIG = {'verbosity': 0}\n"
        "def task_step():\n"
        "    for name, needs in GRAPH:\n"
        "        log = f'logs/{name}.log'\n"
        "        yield {'name': name, 'actions': [f'/bin/true > {log} 2>&1'], 'targets': [log],\n"
        "               'task_dep': [f'step:{need}' for need in needs], 'uptodate': [True]}\n"
    )


def _snakefile() -> str:
    return f"""
rule all:
    input: expand("logs/L{LAYERS - 1}-{{i}}.log", i=range({WIDE}))

def needs(wildcards):
    layer, number = int(wildcards.layer), int(wildcards.number)
    return [f"logs/L{{layer - 1}}-{{n}}.log" for n in (number, (number + 1) % {WIDE})] if layer else []

rule run:
    input: needs
    output: "logs/L{{layer}}-{{number}}.log"
    shell: "/bin/true > {{output}} 2>&1"
"""


TOOLS = (
    _Peer("make", "Makefile", partial(_makefile, logged=True), ("-s", f"-j{JOBS}")),
    _Peer("make", "Makefile", partial(_makefile, logged=False), ("-s", f"-j{JOBS}"), logged=False),
    _Peer("ninja", "build.ninja", _ninja, (f"-j{JOBS}",)),
    _Peer("doit", "dodo.py", _doit, ("-n", str(JOBS), "-P", "thread")),
    _Peer("snakemake", "Snakefile", _snakefile, ("--cores", str(JOBS), "-q"), runs=1),
)
