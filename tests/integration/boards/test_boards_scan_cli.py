"""`hostkit boards scan` with stock esptool on a virtual board that looks like a USB adapter."""

from __future__ import annotations

from pathlib import Path

import pytest

from hostkit.boards.catalog import load_catalog
from hostkit.boards.lease import LeaseOffice
from hostkit.boards.model import Chip
from hostkit.boards.scan import append, entry
from hostkit.boards.usb import KnownChip, UsbPort
from hostkit.cli.boards_scan import look, report
from hostkit.cli.context import Context
from hostkit.cli.main import run
from hostkit.clock import SystemClock
from hostkit.errors import InconclusiveError
from hostkit.flash.identify import ask_chip
from hostkit.process import SystemRunner
from hostkit.settings.paths import Paths
from hostkit.testing.boards import TEST_MAC, running_board
from hostkit.testing.process import FakeRunner, Scripted
from hostkit.testing.usb import FakeLister

IDENTITY = TEST_MAC.replace(":", "")


@pytest.fixture
def context(tmp_path: Path, state_dir: Path) -> Context:
    project = tmp_path / "p"
    project.mkdir()
    (project / "platformio.ini").write_text("")
    return Context(project, Paths(state_dir, tmp_path / "c"), SystemClock(), SystemRunner())


def test_a_board_is_asked_proposed_written_and_known_from_then_on(context: Context) -> None:
    with running_board(context.paths.boards, chip=Chip.ESP32S3) as board:
        port = UsbPort(board.link_port(), 0x303A, 0x1001, "S3", "1-1")
        lister = FakeLister(port)
        board.enter_download()  # a pty has no lines to do it by
        before = board.state().flash
        found = look(context, lister)
        assert found[0].chip == KnownChip(Chip.ESP32S3, TEST_MAC, 4 << 20)
        assert board.state().flash == before
    said = report(found, wrote=False)
    assert f"esp32s3, MAC {TEST_MAC}, 4 MB flash (asked); is not in boards.toml" in said
    assert f'[boards.esp32s3-0010]\nkind = "serial"\nchip = "esp32s3"\nmac = "{TEST_MAC}"' in said
    append(context.project / "boards.toml", [entry(found[0])])
    assert load_catalog(context.project / "boards.toml").get("esp32s3-0010").mac == TEST_MAC
    again = report(look(context, lister), wrote=False)  # the board is gone: nobody was asked
    assert "(remembered); is board esp32s3-0010" in again


def test_a_leased_board_is_not_asked(context: Context, tmp_path: Path) -> None:
    device = tmp_path / "ttyUSB0"
    device.touch()
    (context.project / "boards.toml").write_text(
        f'[boards.desk]\nkind = "serial"\nchip = "esp32"\nmac = "{TEST_MAC}"\nport = "{device}"\n'
    )
    lister = FakeLister(UsbPort(str(device), 0x10C4, 0xEA60))
    with LeaseOffice(context.paths.leases, context.clock).take(IDENTITY, "a gate"):
        (found,) = look(context, lister)
    assert "board desk is taken by pid" in found.problem
    assert "a gate" in found.problem


@pytest.mark.parametrize(
    ("end", "message", "hint"),
    [
        (
            Scripted(("A fatal error occurred: Failed to connect to ESP32: No serial data received.\n",), 2),
            "no chip that hostkit knows on /dev/x: Failed to connect",
            "hold BOOT",
        ),
        (
            Scripted(("Connected to ESP32-P4 on /dev/x:\nMAC: 24:0a:c4:00:00:01\n",)),
            "no chip that",
            "ESP32-C3",
        ),
        (Scripted((), -15, timed_out=True), "nothing answered esptool on /dev/x within 30 s", "hold BOOT"),
        (
            Scripted(
                ("A fatal error occurred: Could not open /dev/x, the port is busy or doesn't exist.\n",), 2
            ),
            "cannot open /dev/x",
            "another program",
        ),
    ],
)
def test_what_does_not_answer_as_a_known_chip_is_said_with_a_hint(
    end: Scripted, message: str, hint: str
) -> None:
    with pytest.raises(InconclusiveError) as caught:
        ask_chip("/dev/x", FakeRunner.of(end))
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_nothing_plugged_in_is_said_with_a_hint() -> None:
    assert "lsusb" in report((), wrote=False)


def test_the_command_runs_where_there_is_no_boards_toml(
    context: Context, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOSTKIT_STATE_DIR", str(context.paths.state))
    monkeypatch.setattr("serial.tools.list_ports.comports", list)
    assert run(["-C", str(context.project), "boards", "scan", "--json"]) == 0
    assert capsys.readouterr().out == "[]\n"
