"""A commit in, a verdict out: stages, decision, evidence, ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from hostkit.boards.catalog import load_catalog
from hostkit.build.model import Artifact
from hostkit.build.project import read_env
from hostkit.build.service import find_build_id
from hostkit.build.store import ArtifactStore, DamagedArtifactError
from hostkit.errors import MissingToolError, UsageError
from hostkit.gate.bundle import Case, write_derived, write_records
from hostkit.gate.cache import FOLDER, Earlier, keep, recall, verdict_key
from hostkit.gate.choice import named_boards
from hostkit.gate.evidence import run_directory, suite_hash, write_bytes
from hostkit.gate.keys import checkouts_of, open_signer
from hostkit.gate.model import GateResult, Stage, Stop
from hostkit.gate.parts import SUMMARY
from hostkit.gate.request import Bench, GateRequest
from hostkit.gate.run import Ran, Run
from hostkit.gate.seal import seal
from hostkit.gate.stages import Stages
from hostkit.gate.standing import standing_line
from hostkit.gate.statement import Origin, predicate_of
from hostkit.gate.suite import suite_places
from hostkit.gate.toolbox import tool_places, used_tools
from hostkit.hil.catalog import find_catalog
from hostkit.link.crash.shelf import CrashDecoder
from hostkit.report.terminal import gate_summary, plain_text
from hostkit.store.glance import Line, line_of
from hostkit.store.ids import new_run_id
from hostkit.store.model import ProofKind, Verdict, VerdictRecord
from hostkit.tasks.git import Checkout, Git


class Judged(Protocol):
    """Stages that can be run; the real ones are :class:`hostkit.gate.stages.Stages`."""

    @property
    def ran(self) -> Ran:
        """What came of the stages so far."""
        ...

    @property
    def seconds(self) -> dict[str, float]:
        """The duration of each stage that was begun."""
        ...

    def run(self) -> None:
        """Run them."""
        ...


StagesOf = Callable[[GateRequest, Bench, Path], Judged]


def run_gate(request: GateRequest, bench: Bench, stages_of: StagesOf = Stages) -> GateResult:
    """Judge a checkout as it is now, and leave the evidence under ``bench.runs``.

    What a stage finds wrong ends the run with that verdict. Raises :class:`UsageError` and
    :class:`ToolError` where nothing could be judged, and then leaves nothing; so does Ctrl-C.
    """
    signer = open_signer(bench.paths, bench.env, checkouts_of(request.project))
    git = Git(request.project, bench.runner)
    checkout, project = _checkout(git), _project(git)
    suite = suite_hash(suite_places(request.project), request.rules.plain())
    case = Case(new_run_id(bench.clock), request, checkout, suite)
    with run_directory(bench.runs, case.run_id) as into:
        stages = stages_of(request, bench, into)
        stages.run()
        _check_unchanged(request, stages, checkout, suite)
        write_records(into, case, stages.ran, stages.seconds)
        derived = write_derived(into)
        result = GateResult(
            run_id=case.run_id,
            env=request.env,
            board=",".join(spec.name for spec in derived.run.boards),
            rules=request.rules,
            facts=derived.facts,
            decision=derived.decision,
            evidence=str(bench.runs / case.run_id),
            evidence_sha256="",
            ledger_seq=0,
            seconds=stages.seconds,
            parents=derived.run.parents,
        )
        write_bytes(into, SUMMARY, plain_text(gate_summary(result)).encode())
        origin = Origin(bench.clock.wall_ns(), _newest(bench) if request.ledger else "")
        result = replace(result, evidence_sha256=seal(into, signer, predicate_of(derived, origin)))
    if not request.ledger:
        return result
    entered = _entered(bench, result, _record(result, project, checkout, suite, origin.decided_ns))
    build, specs = result.facts.build, [each.spec for each in (stages.ran, *stages.ran.also) if each.spec]
    ends = result.facts.quarantine or result.facts.waivers  # a day changes what they do
    passed = result.decision.verdict is Verdict.PASS and not ends
    if passed and _is_cacheable(request) and specs and build:
        key = verdict_key(case, specs, build.build_id, result.facts.tools, signer.public.key_id)
        keep(Path(result.evidence), key, signer, result.evidence_sha256, origin.decided_ns)
    return entered


def earlier_pass(request: GateRequest, bench: Bench) -> Earlier | None:
    """Return the pass of an earlier run that is known for exactly this case, None where there is none.

    It stands in the ledger, and nothing there contradicts it since. Nothing is built for it. Raises
    :class:`InvalidError` for an entry that somebody tampered with, or whose evidence does not hold any more.
    """
    if not _is_cacheable(request) or not (bench.runs / FOLDER).is_dir():
        return None
    public = open_signer(bench.paths, bench.env, checkouts_of(request.project)).public
    checkout = _checkout(Git(request.project, bench.runner))
    suite = suite_hash(suite_places(request.project), request.rules.plain())
    run = Run(request, bench, bench.runs, CrashDecoder(bench.paths.artifacts))
    specs = named_boards(request, load_catalog(find_catalog(request.project)))
    run.ran.spec = specs[0]
    built = run.ran.artifact = _stored(request, bench)
    if built is None:
        return None
    case, tools = Case("", request, checkout, suite), used_tools(run)
    files = read_env(request.project, request.env).files
    key = verdict_key(case, specs, built.build_id, tools, public.key_id)
    found = recall(bench.runs, key, public, bench.clock.wall_ns())
    if found is None:
        return None
    place = standing_line(_lines(bench, checkout.commit), found.statement, found.seal_sha256)
    if not place:
        return None
    # At a glance no other database can be asked, nor whether the base of a growth moved.
    glanced = not bench.database and request.rules.growth is None
    return replace(found, entry=place, places=(*tool_places(tools), *map(str, files)) if glanced else ())


def _stored(request: GateRequest, bench: Bench) -> Artifact | None:
    """Return the artifact of what is checked out, None where it would have to be built."""
    build_id = find_build_id(
        request.project, request.env, paths=bench.paths, runner=bench.runner, clock=bench.clock
    )
    try:
        stored = ArtifactStore(bench.paths.artifacts).load(request.env, build_id)
    except DamagedArtifactError:
        return None
    return None if stored is None else stored.artifact


def _is_cacheable(request: GateRequest) -> bool:
    """Is a verdict on it a word about the whole, on a board that is named before anything runs?"""
    rules = request.rules
    whole = rules.whole_suite and not request.selection
    return whole and rules.build and request.ledger and bool(request.boards)


def _checkout(git: Git) -> Checkout:
    """Return what is checked out; outside of a repository there is no commit that a verdict could be for."""
    try:
        return git.checkout()
    except (UsageError, MissingToolError):
        return Checkout("", "", False, "")


def _project(git: Git) -> str:
    try:
        return str(git.common_dir())
    except (UsageError, MissingToolError):
        return str(git.directory)


def _check_unchanged(request: GateRequest, stages: Judged, checkout: Checkout, suite: str) -> None:
    """Make the run invalid when what it judged, or what it judged by, was edited meanwhile."""
    ran = stages.ran
    if ran.artifact is not None and ran.artifact.commit != checkout.commit:
        reason = f"HEAD moved from {checkout.commit[:12]} to {ran.artifact.commit[:12]} before it was built"
    elif suite_hash(suite_places(request.project), request.rules.plain()) != suite:
        reason = "tests or models were edited while they ran"
    else:
        return
    ran.stop = Stop(Stage.HIL, Verdict.INVALID, reason, "leave the checkout alone while a gate runs")


def _record(
    result: GateResult, project: str, checkout: Checkout, suite: str, decided_ns: int
) -> VerdictRecord:
    facts, decision = result.facts, result.decision
    return VerdictRecord(
        run_id=result.run_id,
        kind=ProofKind.GATE,
        verdict=decision.verdict,
        rung=decision.rung.word if decision.rung else "",
        fidelity=facts.fidelity.name.lower() if facts.fidelity else "",
        project=project,
        commit=checkout.commit,
        tree=checkout.tree,
        dirty=checkout.dirty,
        env=result.env,
        board=result.board,
        build_id=facts.build.build_id if facts.build else "",
        suite=suite,
        selection=facts.selection,
        reasons=decision.reasons,
        evidence=result.evidence,
        evidence_sha256=result.evidence_sha256,
        decided_ns=decided_ns,
    )


def _newest(bench: Bench) -> str:
    """Return the digest of the newest entry of the ledger, "" for an empty one."""
    from hostkit.store.database import open_database  # noqa: PLC0415 - SQLAlchemy is not for `hostkit hil`
    from hostkit.store.ledger import Ledger  # noqa: PLC0415

    with open_database(bench.paths.state, bench.database) as database:
        return Ledger(database).newest()


def _lines(bench: Bench, commit: str) -> tuple[Line, ...]:
    from hostkit.store.database import open_database  # noqa: PLC0415 - SQLAlchemy is not for `hostkit hil`
    from hostkit.store.ledger import Ledger  # noqa: PLC0415

    with open_database(bench.paths.state, bench.database) as database:
        return tuple(line_of(entry) for entry in Ledger(database).of_commit(commit))


def _entered(bench: Bench, result: GateResult, record: VerdictRecord) -> GateResult:
    """Write the verdict to the ledger: its evidence is complete on the disk by now."""
    from hostkit.store.database import open_database  # noqa: PLC0415 - SQLAlchemy is not for `hostkit hil`
    from hostkit.store.ledger import Ledger  # noqa: PLC0415

    with open_database(bench.paths.state, bench.database) as database:
        return replace(result, ledger_seq=Ledger(database).append(record).seq)
