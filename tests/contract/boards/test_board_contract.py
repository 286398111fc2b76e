"""What every kind of board does. Whoever adds a kind adds it to :func:`bench`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from hostkit.boards.model import Board, BoardSpec, Chip, Kind
from hostkit.boards.silicon import SiliconBoard
from hostkit.clock import Clock
from hostkit.errors import InconclusiveError
from hostkit.testing.boards import (
    ECHO_FIRMWARE,
    IDLE_PROGRAM,
    FakeBoard,
    running_board,
    simulated_board,
    virtual_spec,
)
from hostkit.testing.clock import FakeClock


@dataclass
class Bench:
    """A board, and how to take it away."""

    board: Board
    unplug: Callable[[], object]


class QuietLines:
    """Reset lines of a port that has none."""

    def pulse(self, port: str, clock: Clock) -> None:
        clock.sleep(0.1)


@pytest.fixture(params=["virtual", "simulated", "serial", "fake"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    if request.param == "virtual":
        with running_board(tmp_path, firmware=ECHO_FIRMWARE) as board:
            yield Bench(board, lambda: board.fault("unplug"))
        return
    if request.param == "simulated":
        pytest.importorskip("labwired", reason="not run: pip install 'hostkit[sim]'")
        with simulated_board(tmp_path, IDLE_PROGRAM) as board:
            yield Bench(board, lambda: board.fault("unplug"))
        return
    master, slave = os.openpty()
    name = os.ttyname(slave)
    if request.param == "fake":
        fake = FakeBoard(virtual_spec(), name)
        yield Bench(fake, lambda: setattr(fake, "unplugged", True))
    else:
        link = tmp_path / "ttyUSB0"
        link.symlink_to(name)
        spec = BoardSpec("desk", Kind.SERIAL, Chip.ESP32, port=str(link))
        yield Bench(SiliconBoard(spec, FakeClock(), QuietLines()), link.unlink)
    for descriptor in (master, slave):
        os.close(descriptor)


def test_it_says_what_it_is(bench: Bench) -> None:
    assert bench.board.spec.chip in Chip
    assert bench.board.spec.kind in Kind
    assert bench.board.spec.identity


def test_its_link_port_is_there_and_can_be_opened(bench: Bench) -> None:
    descriptor = os.open(bench.board.link_port(), os.O_RDWR | os.O_NOCTTY)
    assert os.isatty(descriptor)
    os.close(descriptor)


def test_download_access_names_a_port_and_esptools_own_words(bench: Bench) -> None:
    access = bench.board.enter_download()
    assert Path(access.port).exists()
    assert access.baud >= 9600
    assert access.before in ("default-reset", "no-reset")
    assert access.after in ("hard-reset", "no-reset")


def test_the_application_can_be_run_again_and_again(bench: Bench) -> None:
    bench.board.enter_download()
    bench.board.run_application()
    bench.board.run_application()
    assert bench.board.link_port()


@pytest.mark.parametrize("act", ["link_port", "enter_download", "run_application"])
def test_a_board_that_is_not_there_is_inconclusive_with_a_hint(bench: Bench, act: str) -> None:
    bench.unplug()
    with pytest.raises(InconclusiveError) as caught:
        getattr(bench.board, act)()
    assert caught.value.hint


def test_closing_twice_does_nothing(bench: Bench) -> None:
    bench.board.close()
    bench.board.close()


def test_closing_is_possible_when_it_is_not_there(bench: Bench) -> None:
    with suppress(InconclusiveError):
        bench.unplug()
    bench.board.close()
