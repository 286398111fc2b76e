"""Crashes in what a board sent during a run, as facts and as evidence."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hostkit.gate.evidence import write_json
from hostkit.gate.model import CrashFact, Stage
from hostkit.link.crash.blame import by_weight
from hostkit.link.crash.decode import Crash, plain
from hostkit.link.crash.model import CrashReport
from hostkit.link.crash.shelf import CrashDecoder
from hostkit.link.crash.stream import CrashWatch
from hostkit.link.transcript import Direction, read_entries

CRASHES = "crashes.json"
"""Registers, calls and words of every crash, in the evidence."""

_MOST_WRITTEN = 100


def crashes_in(path: Path, decoder: CrashDecoder, build: str, *, answered: bool) -> tuple[Crash, ...]:
    """Return the crashes in a transcript, decoded, the one that explains most first; none without a file.

    ``answered``: what a board said before its first reply was left over from earlier, if a reply came at
    all. ``build``: what it was to run, for texts that name no firmware.
    """
    if not path.is_file():
        return ()
    watch = CrashWatch()
    reports: list[CrashReport] = []
    for entry in read_entries(path):
        if entry.direction is Direction.RECEIVED:
            before = watch.answers
            reports += watch.feed(entry.data)
            if answered and before == 0 and watch.answers:
                watch.settle()  # also what it was in the middle of
                reports.clear()
    reports += watch.settle()
    return tuple(by_weight(decoder.decode_all(reports, build=build)))


def crash_facts(stage: Stage, crashes: tuple[Crash, ...]) -> tuple[CrashFact, ...]:
    """Return what a decision may rest on: crashes in the same place are one fact."""
    first = {crash.reason: crash for crash in reversed(crashes)}
    times = Counter(crash.reason for crash in crashes)
    return tuple(
        CrashFact(stage, reason, crash.report.blames_firmware, crash.lines(), times[reason])
        for reason, crash in sorted(first.items(), key=lambda item: crashes.index(item[1]))
    )


def write_crashes(into: Path, crashes: tuple[Crash, ...]) -> None:
    """Write all that is known of crashes to the evidence, of a hundred at most."""
    write_json(into, CRASHES, [plain(crash) for crash in crashes[:_MOST_WRITTEN]])
