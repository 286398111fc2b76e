"""From the parts of a bundle to the facts, to the verdict: the one way, for a gate and for who checks it.

A gate decides by what it left in the evidence, not by what it has in memory. So whoever has the evidence
has all that the verdict rests on, and comes to the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from hostkit.boards.model import Fidelity
from hostkit.build.store import MANIFEST
from hostkit.files import jsonable, pretty_json
from hostkit.gate.crashes import CRASHES, crash_facts, recorded_crashes, reports_in
from hostkit.gate.decide import decide
from hostkit.gate.junit import junit_xml
from hostkit.gate.model import (
    BuildFact,
    Decision,
    Facts,
    FlashFact,
    IdentityFact,
    Observation,
    Rules,
    ShareFact,
    Stage,
    SuiteFact,
)
from hostkit.gate.observations import facts_of, observations_of, worst_of
from hostkit.gate.parts import (
    BOOT_TRANSCRIPT,
    END_TRANSCRIPT,
    MEASUREMENTS,
    RUN,
    STOP,
    TOOLS,
    VERDICT,
    Files,
    ManifestPart,
    PartError,
    RunPart,
    challenges_part,
    flash_part,
    folder_of,
    growth_part,
    json_part,
    manifest_part,
    quarantine_part,
    run_part,
    stop_part,
    suite_end,
    tools_part,
    waivers_part,
)
from hostkit.gate.shares import joined
from hostkit.gate.suite import JUNIT, OBSERVATIONS, OUTPUT, TRANSCRIPT
from hostkit.gate.waivers import read_waivers
from hostkit.hil.observations import Observations, parse_observations
from hostkit.link.crash.decode import Crash
from hostkit.link.transcript import Written, parse_transcript
from hostkit.store.model import Verdict

_TRANSCRIPTS = (BOOT_TRANSCRIPT, TRANSCRIPT, END_TRANSCRIPT)
_COMMON = (RUN, MANIFEST, TOOLS)  # parts of all boards, which those of one are held against
_UNDECIDED = Decision(Verdict.INCONCLUSIVE, None, (), ())


@dataclass(frozen=True, slots=True)
class Derived:
    """What the parts of a bundle come to."""

    run: RunPart
    rules: Rules
    facts: Facts
    decision: Decision
    observed: Observations
    crashes: tuple[Crash, ...]
    tools_sha256: str  # of tools.json
    transcripts: Mapping[str, Written]  # by the name of the file
    shares: tuple[Shared, ...] = ()  # of each board, where several shared the suite

    def written(self) -> dict[str, bytes]:
        """Return the files that follow from the others, byte for byte."""
        facts = self.facts
        files = {
            MEASUREMENTS: pretty_json(
                [
                    {"test": seen.test, "numbers": dict(seen.numbers)}
                    for seen in facts.observations
                    if seen.numbers
                ]
            ),
            VERDICT: verdict_json(self.decision, facts),
        }
        if facts.suite is not None:
            files[JUNIT] = junit_xml(self.observed.tests, name=self.run.run)
        return files


def verdict_json(decision: Decision, facts: Facts) -> bytes:
    """Return the decision with all that it rests on, as it is written."""
    said, rest = jsonable(decision), jsonable(facts)
    for plain, name in ((said, "waived"), (rest, "waivers"), (rest, "growth"), (rest, "shares")):
        if not plain[name]:  # as it was before there were any
            del plain[name]
    return pretty_json(said | {"facts": rest})


@dataclass(frozen=True, slots=True)
class Shared:
    """What the parts that are of one board come to, of several that shared the suite.

    ``folder``: where they lie in the bundle, "" for the first board's. ``files``: those parts, and those that
    are of all boards, by the names that they have in the bundle of a board alone.
    """

    folder: str
    files: Files
    derived: Derived


def derive(files: Files) -> Derived:
    """Return facts and decision. Raises :class:`PartError` when a part that they rest on is broken."""
    run, rules = run_part(files)
    common = Facts(
        build=_built(manifest_part(files), run),
        selection=run.selection,
        tools=tools_part(files),
        quarantine=quarantine_part(files),
        today=(today := _day_of(run.run)),
        waivers=read_waivers(waivers_part(files), rules.may_waive, run.env, today),
        growth=growth_part(files),
    )
    first = _of_board(files, run, rules, common)
    if not run.also:
        return replace(first, decision=decide(rules, first.facts))
    return _together(files, replace(first, run=run), common)


def _of_board(files: Files, run: RunPart, rules: Rules, common: Facts) -> Derived:
    """Return what the parts of one board come to; nothing is decided yet."""
    observed = parse_observations(files.get(OBSERVATIONS, b""))
    transcripts = {name: parse_transcript(files[name]) for name in _TRANSCRIPTS if name in files}
    crashes, crash_stage = _crashes(files)
    suite: SuiteFact | None = None
    identity: IdentityFact | None = None
    observations: tuple[Observation, ...] = ()
    if (end := suite_end(files)) is not None:
        output = files.get(OUTPUT, b"").decode(errors="replace")
        suite, identity, observations = facts_of(observed, end, output)
    facts = replace(
        common,
        stop=stop_part(files),
        fidelity=run.board.fidelity if run.board else None,
        flash=_flashed(files),
        identity=identity,
        suite=suite,
        observations=observations,
        crashes=crash_facts(crash_stage, crashes),
        challenges=challenges_part(files),
    )
    tools = hashlib.sha256(files.get(TOOLS, b"")).hexdigest()
    return Derived(run, rules, facts, _UNDECIDED, observed, crashes, tools, transcripts)


def _together(files: Files, first: Derived, common: Facts) -> Derived:
    """Return what the parts of several boards come to."""
    shares = list(_shared(files, first, common))
    boards = {name: share.derived for name, share in zip(_names(first.run), shares, strict=True)}
    observed = joined([(board, each.observed) for board, each in boards.items()])
    facts = replace(
        first.facts,
        fidelity=min(each.facts.fidelity or Fidelity.VIRTUAL for each in boards.values()),
        suite=worst_of([each.facts.suite for each in boards.values()]),
        observations=observations_of(observed),
        crashes=tuple(
            replace(crash, reason=f"{board}: {crash.reason}")
            for board, each in boards.items()
            for crash in each.facts.crashes
        ),
        shares=tuple(
            ShareFact(board, each.observed.tests_sha256, each.observed.every_board, each.facts)
            for board, each in boards.items()
        ),
    )
    decided = decide(first.rules, facts)
    told = tuple(replace(each, derived=replace(each.derived, decision=decided)) for each in shares)
    return replace(first, facts=facts, decision=decided, observed=observed, shares=told)


def _names(run: RunPart) -> list[str]:
    """Return the boards' names, the first one's first. Raises :class:`PartError` for one alone."""
    names = [spec.name for spec in run.boards]
    if len(set(names)) < 1 + len(run.also):
        raise PartError(RUN, "the boards that shared the suite are not several")
    return names


def _shared(files: Files, first: Derived, common: Facts) -> Iterator[Shared]:
    yield Shared("", files, first)
    ours = {name: files[name] for name in _COMMON if name in files}
    stop = {STOP: files[STOP]} if STOP in files else {}  # of all, where a board has none of its own
    for spec in first.run.also:
        folder = folder_of(spec.name)
        own = {name.removeprefix(folder): data for name, data in files.items() if name.startswith(folder)}
        theirs = stop | {name: data for name, data in own.items() if name not in _COMMON} | ours
        run = first.run.model_copy(update={"board": spec})
        yield Shared(folder, theirs, _of_board(theirs, run, first.rules, common))


def _day_of(run_id: str) -> str:
    """Return the day that a run's id begins with, as an ISO date: ``20260131T…`` is 2026-01-31."""
    return f"{run_id[:4]}-{run_id[4:6]}-{run_id[6:8]}"


def _built(manifest: ManifestPart | None, run: RunPart) -> BuildFact | None:
    if manifest is None:
        return None
    return BuildFact(manifest.build_id, manifest.commit, manifest.dirty or run.dirty)


def _flashed(files: Files) -> FlashFact | None:
    flash = flash_part(files)
    if flash is None:
        return None
    same = all(region.md5_expected == region.md5_read for region in flash.regions)
    return FlashFact(flash.build_id, flash.identity.mac, bool(flash.regions) and same)


def _crashes(files: Files) -> tuple[tuple[Crash, ...], Stage]:
    """Read crashes out of what the board sent; only where they were in the sources is taken as recorded."""
    if suite_end(files) is not None:
        stage, name = Stage.HIL, TRANSCRIPT
    else:
        stop = stop_part(files)
        if stop is None or stop.stage is not Stage.FLASH:
            return (), Stage.HIL
        stage, name = Stage.FLASH, BOOT_TRANSCRIPT
    reports = reports_in(files.get(name, b""), answered=stage is Stage.HIL)
    recorded = json_part(files, CRASHES) if CRASHES in files else []
    try:
        return recorded_crashes(reports, recorded), stage
    except ValueError as error:
        raise PartError(CRASHES, str(error)) from error
