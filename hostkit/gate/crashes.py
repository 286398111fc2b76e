"""Crashes in what a board sent during a run, as facts and as evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from hostkit.files import remembered
from hostkit.gate.evidence import write_json
from hostkit.gate.model import CrashFact, Stage
from hostkit.link.crash.blame import by_weight
from hostkit.link.crash.decode import Crash, plain
from hostkit.link.crash.model import CrashReport
from hostkit.link.crash.places import Location, Place
from hostkit.link.crash.shelf import CrashDecoder
from hostkit.link.crash.stream import CrashWatch
from hostkit.link.transcript import Direction, Entry, parse_transcript

CRASHES = "crashes.json"
"""Registers, calls and words of every crash, in the evidence."""

_MOST_WRITTEN = 100


def crashes_in(path: Path, decoder: CrashDecoder, build: str, *, answered: bool) -> tuple[Crash, ...]:
    """Return the crashes in a transcript, decoded, the one that explains most first; none without a file.

    ``build``: what the board was to run, for texts that name no firmware. ``answered``: see
    :func:`reports_in`.
    """
    if not path.is_file():
        return ()
    reports = reports_in(path.read_bytes(), answered=answered)
    return tuple(by_weight(decoder.decode_all(reports, build=build)))


def reports_in(transcript: bytes, *, answered: bool) -> tuple[CrashReport, ...]:
    """Return the crashes in what a board sent, in its own words. ``transcript``: the bytes of its file.

    ``answered``: what a board said before its first reply was left over from earlier, if a reply came at
    all.
    """
    return _since_an_answer(transcript) if answered else _reports(transcript, answered=False)


def _reports(transcript: bytes, *, answered: bool) -> tuple[CrashReport, ...]:
    watch = CrashWatch()
    reports: list[CrashReport] = []
    for entry in parse_transcript(transcript).entries:
        if isinstance(entry, Entry) and entry.direction is Direction.RECEIVED:
            before = watch.heard
            reports += watch.feed(entry.data)
            if answered and watch.heard and not before:
                watch.settle()  # also what it was in the middle of
                reports.clear()
    return (*reports, *watch.settle())


@remembered
def _since_an_answer(transcript: bytes) -> tuple[CrashReport, ...]:
    return _reports(transcript, answered=True)


def recorded_crashes(reports: Sequence[CrashReport], recorded: Sequence[object]) -> tuple[Crash, ...]:
    """Return reports with the places that the evidence has for their addresses, heaviest first.

    ``recorded``: what :func:`write_crashes` wrote. A report with an address that it does not place stays
    without places. Raises :class:`ValueError` for what is no such record.
    """
    placed = _places(recorded)
    found = []
    for report in reports:
        known = placed.get(report.elf, {})
        whole = all(address in known for address in report.addresses)
        locations = tuple(Location(address, known[address]) for address in report.addresses) if whole else ()
        found.append(Crash(report, locations))
    return tuple(by_weight(found))


def _places(recorded: Sequence[object]) -> dict[str, dict[int, tuple[Place, ...]]]:
    placed: dict[str, dict[int, tuple[Place, ...]]] = {}
    try:
        for crash in recorded:
            known = placed.setdefault(_of(str, crash["elf"] or ""), {})  # type: ignore[index]
            for call in crash["calls"]:  # type: ignore[index]
                known[int(call["address"], 16)] = tuple(
                    Place(_of(str, place["function"]), _of(str, place["file"]), _of(int, place["line"]))
                    for place in call["places"]
                )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{CRASHES} holds something else than crashes ({error})") from error
    return placed


_T = TypeVar("_T")


def _of(kind: type[_T], value: object) -> _T:
    if type(value) is not kind:
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def crash_facts(stage: Stage, crashes: tuple[Crash, ...]) -> tuple[CrashFact, ...]:
    """Return what a decision may rest on: crashes in the same place are one fact."""
    first: dict[str, Crash] = {}
    for crash in crashes:
        first.setdefault(crash.reason, crash)
    times = Counter(crash.reason for crash in crashes)
    return tuple(
        CrashFact(stage, reason, crash.report.blames_firmware, crash.lines(), times[reason])
        for reason, crash in first.items()
    )


def plain_crashes(crashes: Sequence[Crash]) -> list[dict[str, object]]:
    """Return all that is known of crashes as JSON-ready values, of a hundred at most."""
    return [plain(crash) for crash in crashes[:_MOST_WRITTEN]]


def write_crashes(into: Path, crashes: tuple[Crash, ...]) -> None:
    """Write all that is known of crashes to the evidence, of a hundred at most."""
    write_json(into, CRASHES, plain_crashes(crashes))
