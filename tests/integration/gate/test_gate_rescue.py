"""A board that a run lost, for real: brought back, or taken out of service, as the evidence then says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from hostkit.boards.outage import OutageBook
from hostkit.clock import SystemClock
from hostkit.gate.recovery import Rescue
from hostkit.gate.request import Bench
from hostkit.process import SystemRunner
from hostkit.settings.model import Settings
from hostkit.settings.paths import Paths
from hostkit.testing.boards import ECHO_FIRMWARE, running_board


@pytest.fixture
def rescue(state_dir: Path, tmp_path: Path) -> Rescue:
    paths = Paths(state_dir, tmp_path / "cache")
    bench = Bench(paths, Settings(), SystemRunner(), SystemClock(), {}, tmp_path / "runs")
    return Rescue(bench, "virtual", tmp_path / "run", may_write=False, run_id="run", answer_s=0.2)


def test_a_board_that_stays_silent_is_taken_out_of_service_if_it_answered_before(
    rescue: Rescue, state_dir: Path
) -> None:
    book = OutageBook(state_dir, SystemClock())
    with running_board(state_dir / "boards", firmware=ECHO_FIRMWARE) as board:
        silent = rescue.run(board, answered=False)
        assert silent is not None
        assert book.find(board.spec) is None  # the firmware may be to blame
        lost = rescue.run(board, answered=True)
        outage = book.find(board.spec)
    assert outage is not None
    assert lost is not None
    assert outage.reason == lost.reason
    rows = [json.loads(line) for line in (rescue.into / "recovery.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == ["ask", "link reset", "line reset", "out of service"]


def test_a_board_that_was_unplugged_needs_no_telling(rescue: Rescue, state_dir: Path) -> None:
    with running_board(state_dir / "boards", firmware=ECHO_FIRMWARE) as board:
        board.fault("unplug")
        assert replace(rescue, answer_s=0.0).run(board, answered=True) is None
    assert not (rescue.into / "recovery.jsonl").exists()
