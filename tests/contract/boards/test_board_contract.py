"""What every kind of board does. Whoever adds a kind adds it to :func:`bench`."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import which

import pytest

from hostkit.boards.model import Board, BoardSpec, Chip, Kind
from hostkit.boards.open import open_board
from hostkit.boards.silicon import SiliconBoard
from hostkit.clock import Clock, SystemClock
from hostkit.errors import InconclusiveError
from hostkit.link.transport import open_transport
from hostkit.testing.boards import (
    ECHO_FIRMWARE,
    IDLE_PROGRAM,
    FakeBoard,
    running_board,
    simulated_board,
    virtual_spec,
)
from hostkit.testing.clock import FakeClock

STAND_IN = Path(__file__).resolve().parents[2] / "qemu_stand_in.py"


@dataclass
class Bench:
    """A board, and how to take it away."""

    board: Board
    unplug: Callable[[], object]


class QuietLines:
    """Reset lines of a port that has none."""

    def pulse(self, port: str, clock: Clock) -> None:
        clock.sleep(0.1)


@pytest.fixture(params=["virtual", "simulated", "serial", "fake", "qemu stand-in", "qemu"])
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
    if request.param in ("qemu stand-in", "qemu"):
        yield from _qemu(request, tmp_path)
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


def _qemu(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """Espressif's QEMU where this machine has it; a stand-in for arguments and life cycle everywhere."""
    link = tmp_path / "qemu"
    if request.param == "qemu":
        found = which("qemu-system-xtensa")
        if found is None or "esp32" not in subprocess.getoutput(f"{found} -machine help"):
            pytest.skip("not run: Espressif's qemu-system-xtensa is not on PATH")
        link.symlink_to(found)
    else:
        link.write_text(f'#!/bin/sh\nexec {sys.executable} {STAND_IN} "$@"\n')
        link.chmod(0o755)
    spec = BoardSpec("qemu0", Kind.QEMU, Chip.ESP32, "02:00:00:00:00:11", 2 << 20, qemu=str(link))
    board = open_board(spec, boards_dir=tmp_path, clock=SystemClock())
    try:
        yield Bench(board, link.unlink)
    finally:
        board.close()


def test_it_says_what_it_is(bench: Bench) -> None:
    assert bench.board.spec.chip in Chip
    assert bench.board.spec.kind in Kind
    assert bench.board.spec.identity


def test_its_link_port_is_there_and_can_be_opened(bench: Bench) -> None:
    port = bench.board.link_port()
    open_transport(port).close()
    assert "://" in port or stat.S_ISCHR(Path(port).stat().st_mode)


def test_download_access_names_a_port_and_esptools_own_words(bench: Bench) -> None:
    access = bench.board.enter_download()
    if access.file is None:
        open_transport(access.port).close()
    else:
        assert access.file.stat().st_size == bench.board.spec.flash_size
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
