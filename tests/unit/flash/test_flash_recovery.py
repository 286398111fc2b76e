"""Bringing a board back: each step on a board in memory, and what is written down."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from test_flash_service import Desk, artifact

from hostkit.boards.ladder import Step, Tried
from hostkit.build.model import Artifact
from hostkit.errors import InconclusiveError
from hostkit.flash.golden import find_known_good, known_good
from hostkit.flash.model import Bench, TimeOuts
from hostkit.flash.recovery import RECORD, Medicine, Recovery, recover
from hostkit.settings.paths import Paths
from hostkit.testing.process import FakeRunner, Scripted

__all__ = ["artifact"]  # the fixture


class Patient(Desk):
    """A board that is mute until something helps."""

    cured_by: str = ""
    gone: int = 0

    def medicine(self, **more: object) -> Medicine:
        bench = Bench(self.runner, self.clock, None, None, TimeOuts(boot=1.0))
        return replace(Medicine(bench, answer_s=0.5, opener=self._open), **more)  # type: ignore[arg-type]


@pytest.fixture
def patient(artifact: Artifact) -> Patient:
    made = Patient(artifact)
    made.mute = True
    return made


def steps(result: Recovery) -> list[Step]:
    return [each.step for each in result.tried]


def test_a_board_that_answers_needs_nothing(patient: Patient, tmp_path: Path) -> None:
    patient.mute = False
    result = recover(patient.board, patient.medicine(), write=tmp_path)
    assert (steps(result), result.recovered) == ([Step.ASK], True)
    (row,) = map(json.loads, (tmp_path / RECORD).read_text().splitlines())
    assert (row["step"], row["ok"]) == ("ask", True)
    assert "runs build" in row["detail"]


def test_a_reset_that_helps_ends_it(patient: Patient) -> None:
    def run_application() -> None:
        patient.mute = False

    patient.board.run_application = run_application  # type: ignore[method-assign]
    told: list[Tried] = []
    result = recover(patient.board, patient.medicine(), on_tried=told.append)
    assert tuple(told) == result.tried
    assert steps(result) == [Step.ASK, Step.LINK_RESET, Step.LINE_RESET]
    assert result.recovered
    assert not result.firmware_is_sick


def test_power_is_cycled_where_there_is_a_way(patient: Patient) -> None:
    def relay(_: object) -> Scripted:
        patient.mute = False
        return Scripted()

    patient.runner = FakeRunner(relay)
    result = recover(patient.board, patient.medicine(power=("relay", "3")))
    assert steps(result)[-1] is Step.POWER_CYCLE
    assert result.recovered
    assert [command.argv for command in patient.runner.commands] == [("relay", "3")]


def test_a_board_that_only_a_known_good_image_cures_has_sick_firmware(
    patient: Patient, artifact: Artifact
) -> None:
    open_port = patient._open

    def opener(port: str, baud: int):  # type: ignore[no-untyped-def]
        patient.mute = not patient.runner.commands  # until esptool wrote
        return open_port(port, baud)

    result = recover(patient.board, patient.medicine(known_good=artifact, opener=opener))
    assert steps(result)[-1] is Step.KNOWN_GOOD
    assert result.firmware_is_sick
    assert result.reason == ""


def test_a_board_that_nothing_helps_is_given_up_with_the_reason(
    patient: Patient, artifact: Artifact, tmp_path: Path
) -> None:
    patient.runner = FakeRunner.of(Scripted(["no such relay\n"], 1), *patient.answers)
    medicine = patient.medicine(known_good=artifact, power=("relay",))
    result = recover(patient.board, medicine, write=tmp_path)
    assert steps(result)[-1] is Step.OUT_OF_SERVICE
    assert result.reason.startswith(
        "it does not answer; link reset, line reset, power cycle, known-good image did not help"
    )
    rows = [json.loads(line) for line in (tmp_path / RECORD).read_text().splitlines()]
    assert [row["ok"] for row in rows] == [False] * 6
    assert rows[3]["detail"] == "relay failed (exit 1): no such relay"
    assert rows[-1]["detail"] == result.reason


def test_a_board_whose_port_is_not_there_is_absent_not_given_up(patient: Patient) -> None:
    patient.board.unplugged = True
    result = recover(patient.board, patient.medicine())
    assert not result.recovered
    assert result.reason == ""
    assert Step.OUT_OF_SERVICE not in steps(result)


def test_without_a_pass_on_this_board_no_image_is_known_to_be_good(
    tmp_path: Path, artifact: Artifact
) -> None:
    paths = Paths(tmp_path / "state", tmp_path / "cache")
    assert find_known_good(paths, "", "bench", "virtual") is None
    with pytest.raises(InconclusiveError, match="no image of env virtual is known to run on board bench"):
        known_good(paths, "", "bench", "virtual", None)
