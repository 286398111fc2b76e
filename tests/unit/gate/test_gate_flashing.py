"""Several boards are flashed at the same time: what each leaves, and what stops the run."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from hostkit.boards.lease import LeaseOffice
from hostkit.boards.model import Board, BoardSpec, Chip, Kind
from hostkit.build.model import Artifact
from hostkit.clock import SystemClock
from hostkit.errors import FailedError, HostkitError, InconclusiveError, InvalidError, ToolError
from hostkit.flash.model import Bench as FlashBench
from hostkit.flash.model import FlashRecord, Progress
from hostkit.flash.model import Stage as Step
from hostkit.gate.abreast import Abreast
from hostkit.gate.bundle import Case, write_derived, write_records
from hostkit.gate.choice import Held, Share
from hostkit.gate.derive import Derived
from hostkit.gate.flashing import run_flashes
from hostkit.gate.folder import read_folder
from hostkit.gate.model import Rules, Stage
from hostkit.gate.request import Bench, GateRequest, Listener
from hostkit.gate.run import Run
from hostkit.link.crash.shelf import CrashDecoder
from hostkit.process import SystemRunner
from hostkit.report.read import read_report
from hostkit.settings.model import Settings
from hostkit.settings.paths import Paths
from hostkit.store.model import Verdict
from hostkit.tasks.git import Checkout
from hostkit.testing.boards import FakeBoard
from hostkit.testing.gate import right_answer
from hostkit.testing.stages import PlayedStages

NAMES = ("left", "right", "third")
Played = Callable[[], None]


@dataclass
class Bed:
    """Boards that are flashed by what a test plays for each, and everything that was said meanwhile."""

    record: FlashRecord
    runs: list[Run]
    shares: list[Share]
    said: list[tuple[str, threading.Thread]]
    flashed: list[str] = field(default_factory=list)

    def flash(self, **played: Played) -> Derived:
        """Flash all at the same time; return what follows from the evidence."""
        together = threading.Barrier(len(self.shares), timeout=10)

        def flash(artifact: Artifact, board: Board, bench: FlashBench, **_: object) -> FlashRecord:
            bench.tell(Step.WRITE, 0.5)
            together.wait()  # or else they are not all at it at the same time
            played.get(board.spec.name, lambda: None)()
            self.flashed.append(board.spec.name)
            assert bench.transcript is not None
            spec = board.spec
            answer = right_answer(bytes(32), artifact.build_id, spec.mac)
            chip = replace(self.record.identity, mac=spec.mac)
            return replace(self.record, board=spec.name, identity=chip, challenge=answer)

        with Abreast(len(self.shares)) as abreast:
            run_flashes(self.shares, abreast, flash)
        return self.derived()

    def derived(self) -> Derived:
        run = self.runs[0]
        case = Case("20260101T000000Z-aaaaaaaa", run.request, Checkout("c" * 40, "d" * 40, False, ""), "e")
        write_records(run.into, case, run.ran, run.seconds)
        return write_derived(run.into)


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[Bed]:
    paths, into = Paths(tmp_path / "state", tmp_path / "cache"), tmp_path / "bundle"
    into.mkdir()
    said: list[tuple[str, threading.Thread]] = []

    def stage(stage: Stage, words: str) -> None:
        said.append((f"{stage.value} {words}", threading.current_thread()))

    def flash(progress: Progress | None, board: str) -> None:
        words = "through" if progress is None else f"{progress.stage.value} {progress.fraction}"
        said.append((f"{board}: {words}", threading.current_thread()))

    listener = Listener(stage=stage, flash=flash)
    bench = Bench(paths, Settings(), SystemRunner(), SystemClock(), {}, tmp_path / "runs", listener=listener)
    request = GateRequest(tmp_path, "virtual", ",".join(NAMES), Rules())
    stages = PlayedStages("c" * 40)
    stages.of(request, bench, tmp_path / "played")
    (tmp_path / "played").mkdir()
    stages.run()
    assert stages.ran.flash is not None
    specs = [
        BoardSpec(name, Kind.VIRTUAL, Chip.ESP32, mac=f"02:00:00:00:00:0{number}")
        for number, name in enumerate(NAMES)
    ]
    main = Run(request, bench, into, CrashDecoder(paths.artifacts))
    main.ran.spec, main.ran.artifact = specs[0], stages.ran.artifact
    runs = [main, *(main.beside(spec) for spec in specs[1:])]
    main.ran.also = tuple(run.ran for run in runs[1:])
    office = LeaseOffice(paths.leases, bench.clock)
    leases = [office.take(spec.identity, "a test") for spec in specs]
    boards = [FakeBoard(spec, "/dev/none") for spec in specs]
    shares = []
    for run, board, lease in zip(runs, boards, leases, strict=True):
        board.unplugged = True  # nothing to look after
        shares.append(Share(run, Held(board, lease)))
    yield Bed(stages.ran.flash, runs, shares, said)
    for lease in leases:
        lease.close()


def stops(error: HostkitError) -> Played:
    def played() -> None:
        raise error

    return played


def test_all_are_flashed_at_the_same_time_and_each_leaves_its_own_evidence(bed: Bed) -> None:
    derived = bed.flash()
    assert sorted(bed.flashed) == sorted(NAMES)
    assert derived.facts.stop is None
    files = read_folder(bed.runs[0].into).files
    for folder, name in (("", "left"), ("boards/right/", "right"), ("boards/third/", "third")):
        assert json.loads(files[f"{folder}flash.json"])["board"] == name
        assert {f"{folder}boot.jsonl", f"{folder}challenge.json"} <= files.keys()


def test_all_that_is_said_is_said_in_the_thread_of_the_gate_and_names_its_board(bed: Bed) -> None:
    bed.flash(right=stops(InconclusiveError("nobody answers", hint="plug it in")))
    assert {thread for _, thread in bed.said} == {threading.current_thread()}
    words = [said for said, _ in bed.said]
    assert words[:4] == ["flash ", *(f"{name}: identify 0.0" for name in NAMES)]
    for name in NAMES:
        ended = "nobody answers" if name == "right" else "8 bytes, read back, the board says so"
        own = [said for said in words if name in said]
        assert own == [
            f"{name}: identify 0.0",
            f"{name}: write 0.5",
            f"{name}: through",
            f"flash {name}: {ended}",
        ]


def test_the_stage_takes_what_passes_on_the_wall_however_many_are_at_it(bed: Bed) -> None:
    clock = bed.runs[0].bench.clock
    began_ns = clock.monotonic_ns()
    bed.flash()
    assert list(bed.runs[0].seconds) == ["flash"]
    assert 0 < bed.runs[0].seconds["flash"] <= (clock.monotonic_ns() - began_ns) / 1e9


def test_one_that_stops_leaves_the_others_to_go_on_and_is_the_reason(bed: Bed) -> None:
    derived = bed.flash(right=stops(InconclusiveError("nobody answers", hint="plug it in")))
    assert sorted(bed.flashed) == ["left", "third"]
    assert derived.decision.verdict is Verdict.INCONCLUSIVE
    assert derived.decision.reasons == ("flash: right: nobody answers",)
    assert derived.facts.hint == "plug it in"
    files = read_folder(bed.runs[0].into).files
    assert {"flash.json", "boards/third/flash.json"} <= files.keys()
    assert "boards/right/flash.json" not in files
    assert "suite.json" not in files


MIXED: dict[str, tuple[dict[str, HostkitError], Verdict, tuple[str, ...], str]] = {
    "two alike": (
        {
            "right": InconclusiveError("no answer", hint="a cable"),
            "third": InconclusiveError("is gone", hint="a plug"),
        },
        Verdict.INCONCLUSIVE,
        ("flash: right: no answer", "flash: third: is gone"),
        "a cable",
    ),
    "the worse one is named later": (
        {
            "left": InconclusiveError("no answer", hint="a cable"),
            "right": FailedError("crashed", hint="the code"),
            "third": InvalidError("another chip", hint="the port"),
        },
        Verdict.INVALID,
        ("flash: third: another chip", "flash: right: crashed", "flash: left: no answer"),
        "the port",
    ),
    "the worse one is named first": (
        {"left": FailedError("crashed", hint="the code"), "third": InconclusiveError("is gone")},
        Verdict.FAIL,
        ("flash: left: crashed", "flash: third: is gone"),
        "the code",
    ),
}


@pytest.mark.parametrize("case", MIXED)
def test_where_several_stop_the_worst_decides_and_every_reason_is_told_worst_first(
    bed: Bed, case: str
) -> None:
    errors, verdict, reasons, hint = MIXED[case]
    derived = bed.flash(**{name: stops(error) for name, error in errors.items()})
    assert (derived.decision.verdict, derived.decision.reasons) == (verdict, reasons)
    assert derived.facts.hint == hint
    assert bed.runs[0].ran.stop is not None
    first = next(iter(errors))
    assert bed.runs[0].ran.stop.reason.startswith(f"{first}: ")
    report: Any = read_report(bed.runs[0].into)
    assert (report.hint, report.stopped_at, report.reasons) == (hint, "flash", reasons)


def test_what_breaks_the_machine_is_raised_when_the_others_are_through(bed: Bed) -> None:
    with pytest.raises(ToolError, match="disk"):
        bed.flash(
            left=stops(InconclusiveError("no answer")),
            right=stops(ToolError("the disk is full")),
        )
    assert bed.flashed == ["third"]


def test_what_nobody_foresaw_is_raised(bed: Bed) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        bed.flash(third=broken)
