"""Which generic mutants to try: drawn by a seed, spread over files and operators."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from hostkit.mutants.model import Mutant, Origin
from hostkit.mutants.operators import Change, changes_of

SOURCES = "firmware/lib"
"""What generic mutants are made of: the firmware's own code without its ports."""


def read_sources(project: Path) -> dict[str, str]:
    """Return the text of every C++ file under ``firmware/lib`` by its path, sorted."""
    found = [path for path in (project / SOURCES).rglob("*") if path.suffix in (".cpp", ".hpp")]
    return {path.relative_to(project).as_posix(): path.read_text(encoding="utf-8") for path in sorted(found)}


def draw(sources: Mapping[str, str], count: int, seed: int) -> tuple[Mutant, ...]:
    """Return ``count`` mutants, or all there are: the same ones for the same sources, count and seed.

    File after file gives one, of an operator that this file has given least of so far; so a long table
    weighs no more than a line of code. The first of many are those of few. What a file gives, and when it
    comes before another one, does not depend on which other files there are.
    """
    queues = {file: _queue(changes_of(text), _dice(seed, file)) for file, text in sources.items()}
    return tuple(
        as_mutant(file, sources[file], change) for file, change in islice(_in_turn(queues, seed), count)
    )


def _dice(*of: object) -> random.Random:
    return random.Random(" ".join(map(str, ("hostkit mutants", *of))))


def _queue(changes: Sequence[Change], rng: random.Random) -> list[Change]:
    """Order the changes of a file: each operator in turn, places at random."""
    groups: dict[str, list[Change]] = {}
    for change in changes:
        groups.setdefault(change.operator.value, []).append(change)
    names = sorted(groups)
    rng.shuffle(names)
    for name in names:
        rng.shuffle(groups[name])
    queue: list[Change] = []
    while any(groups.values()):
        queue += [groups[name].pop() for name in names if groups[name]]
    return queue


def _in_turn(queues: Mapping[str, list[Change]], seed: int) -> Iterator[tuple[str, Change]]:
    for turn in range(max(map(len, queues.values()), default=0)):
        for file in sorted(queues, key=lambda file: _dice(seed, turn, file).random()):
            if turn < len(queues[file]):
                yield file, queues[file][turn]


def as_mutant(file: str, text: str, change: Change) -> Mutant:
    """Return a change as a mutant; its name says file, line, column and what was done."""
    line = text.count("\n", 0, change.offset) + 1
    column = change.offset - text.rfind("\n", 0, change.offset)
    short = file.removeprefix(SOURCES + "/")
    old, new = _one_line(change.old), _one_line(change.new)
    return Mutant(
        name=f"{short}:{line}:{column} {change.operator.value} {new!r}",
        origin=Origin.GENERIC,
        kind=change.operator.value,
        about=f"{old} -> {new}",
        file=file,
        offset=change.offset,
        old=change.old,
        new=change.new,
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())
