"""Run the benchmarks and print one table. A timing never fails a build; a benchmark that cannot run does.

python benchmarks/run.py [NAME …]   NAME is part of a file name: change, cli, flash, gate, queue, …
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from pathlib import Path

from measure import Row
from rich.console import Console
from rich.table import Table
from rich.text import Text


def main(wanted: list[str]) -> int:
    """Run every bench_*.py beside this file, or those named.

    Return 1 when one of them could not run, 130 after Ctrl-C; what was measured by then is printed.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # byte code is kept, as it is where nobody forbids it
    console = Console(width=max(160, Console().width))
    table = Table(title="hostkit beside its peers (medians; ratio is hostkit / peer, pair by pair)")
    for heading in ("what", "hostkit", "peer"):
        table.add_column(heading, no_wrap=True)
    for heading in ("hostkit", "peer", "ratio"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("target")
    table.add_column("")
    load, broken = _load(), 0
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        name = path.stem.removeprefix("bench_")
        if wanted and not any(part in name for part in wanted):
            continue
        print(f"running {name}", file=sys.stderr, flush=True)
        try:
            for row in importlib.import_module(path.stem).rows():
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
    console.print(table)
    console.print(
        f"load average of a minute {load} at the begin, {_load()} at the end; {os.cpu_count()} cores"
    )
    return broken


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
