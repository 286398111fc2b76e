"""Run the benchmarks and print one table. A timing never fails a build; a benchmark that cannot run does."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from measure import Row
from rich.console import Console
from rich.table import Table
from rich.text import Text

PLACE = Path(__file__).parent
LIMIT_S = 600.0  # on two quiet cores the longest of all but those below takes half of that
LONG = {"train_gate": "some 7 minutes"}
"""Left out where no name is given."""


def main(argv: Sequence[str]) -> int:
    """Run every bench_*.py beside this file, or those named.

    Return 1 when one of them could not run or took too long, 130 after Ctrl-C; what was measured by then is
    printed.
    """
    asked = _parser().parse_args(argv)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # byte code is kept, as it is where nobody forbids it
    wanted = asked.names + asked.only
    parts = [part for part in wanted if part not in _names()]
    names = [name for name in _names() if name in wanted or any(part in name for part in parts)]
    if not wanted:
        names = [name for name in _names() if asked.all or name not in LONG]
    if asked.list or not names:
        print("\n".join(f"{name:<12} {_about(name)}" for name in names or _names()))
        return 0 if names else 2
    console, table = Console(width=max(160, Console().width)), _table()
    load, broken = _load(), 0
    for name in names:
        print(f"running {name}", file=sys.stderr, flush=True)
        began = time.monotonic()
        try:
            with _limited(asked.limit):
                for row in importlib.import_module(f"bench_{name}").rows():
                    table.add_row(*_cells(row))
                    print("  " + "  ".join(_cells(row)), file=sys.stderr, flush=True)
        except KeyboardInterrupt:
            table.caption = f"interrupted in {name}"
            broken = 130
            break
        except Exception as error:  # noqa: BLE001 - the figures of the others must not be lost
            broken = 1
            table.add_row(name, Text(f"could not run: {type(error).__name__}: {error}"[:60], "red"))
            traceback.print_exc()
        print(f"  {name} took {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    console.print(table)
    if not wanted and not asked.all:
        console.print(
            "left out: " + ", ".join(f"{name} ({time})" for name, time in LONG.items()) + "; see --all"
        )
    console.print(
        f"load average of a minute {load} at the begin, {_load()} at the end; {os.cpu_count()} cores"
    )
    return broken


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="benchmarks/run.py",
        description="Measure hostkit beside bare tools, in turn on the same machine, and print one table: "
        "medians, the median of the ratios hostkit / peer, what is wanted, and whether it was met. Run it on "
        "an idle machine.",
        epilog="Exit codes: 0 all ran, whatever they measured; 1 one could not run; 2 there is none of that "
        "name; 130 Ctrl-C.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="part of a name; default: all but long ones")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="the same")
    long = ", ".join(f"{name}, {time}" for name, time in LONG.items())
    parser.add_argument("--all", action="store_true", help=f"the long ones too: {long}")
    parser.add_argument("--list", action="store_true", help="say what there is, and run nothing")
    parser.add_argument(
        "--limit",
        type=float,
        default=LIMIT_S,
        metavar="SECONDS",
        help=f"give up on a benchmark after so long (default: {LIMIT_S:.0f})",
    )
    return parser


def _names() -> list[str]:
    return sorted(path.stem.removeprefix("bench_") for path in PLACE.glob("bench_*.py"))


def _about(name: str) -> str:
    """Return the first line of what a benchmark says of itself, without importing it."""
    first = (PLACE / f"bench_{name}.py").read_text(encoding="utf-8").split("\n", 1)[0]
    return first.strip('"').removesuffix(".")


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raise :class:`TimeoutError` in a block that takes too long, also while it waits for a child."""

    def stop(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's own signature
        raise TimeoutError(f"it took more than {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _table() -> Table:
    table = Table(title="hostkit beside its peers (medians; ratio is hostkit / peer, pair by pair)")
    for heading in ("what", "hostkit", "peer"):
        table.add_column(heading)
    for heading in ("hostkit", "peer", "ratio"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("target", no_wrap=True)
    table.add_column("", no_wrap=True)
    return table


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.what,
        row.ours_name,
        row.peer_name,
        _figure(row.ours, row.unit),
        _figure(row.peer, row.unit),
        f"{row.ratio:.2f}",
        row.target,
        {None: "", True: "met", False: "missed"}[row.met],
    )


def _figure(value: float, unit: str) -> str:
    if unit == "s" and value < 1:
        return f"{value * 1e3:.3g} ms"
    return f"{value:.3g} {unit}".strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
