"""The files of ``firmware/protocol/vectors``: the same code always writes the same bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hostkit.files import atomic_write
from hostkit.hil.golden.vectors.colours import color_vectors, symbol_vectors
from hostkit.hil.golden.vectors.link import link_vectors
from hostkit.hil.golden.vectors.patterns import pattern_vectors
from hostkit.hil.golden.vectors.primitives import primitive_vectors
from hostkit.hil.golden.vectors.readable import readable_json


def all_vectors() -> dict[str, bytes]:
    """Return the content of every file by its name."""
    contents: dict[str, dict[str, Any]] = {
        "link.json": link_vectors(),
        "primitives.json": primitive_vectors(),
        "patterns.json": pattern_vectors(),
        "color.json": color_vectors(),
        "symbols.json": symbol_vectors(),
    }
    return {name: (readable_json(value) + "\n").encode() for name, value in contents.items()}


def main(argv: list[str]) -> int:
    """Write all files into a directory, by default ``firmware/protocol/vectors`` below the working one."""
    directory = Path(argv[0]) if argv else Path("firmware/protocol/vectors")
    for name, data in all_vectors().items():
        atomic_write(directory / name, data)
        print(f"{directory / name}: {len(data)} bytes")
    return 0
