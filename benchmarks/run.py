"""Run the benchmarks and print one table. A timing never fails a build; a benchmark that cannot run does.

python benchmarks/run.py [NAME …]   NAME is part of a file name: cli, build, flash, reflash, link, hil, queue
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from measure import Row
from rich.console import Console
from rich.table import Table


def main(wanted: list[str]) -> int:
    """Run every bench_*.py beside this file, or those named."""
    console = Console(width=max(150, Console().width))
    table = Table(title="hostkit beside its peers (medians; ratio is hostkit / peer, pair by pair)")
    for heading in ("what", "hostkit", "peer"):
        table.add_column(heading, no_wrap=True)
    for heading in ("hostkit s", "peer s", "ratio"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("target")
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        name = path.stem.removeprefix("bench_")
        if wanted and not any(part in name for part in wanted):
            continue
        with console.status(f"running {name}"):
            for row in importlib.import_module(path.stem).rows():
                table.add_row(*_cells(row))
    console.print(table)
    return 0


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.what,
        row.ours_name,
        row.peer_name,
        f"{row.ours_s:.4f}",
        f"{row.peer_s:.4f}",
        f"{row.ratio:.2f}",
        row.target,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
