"""What is tried when a board does not answer, what takes it out of service, and how its power is switched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.boards.ladder import Ladder, Step, Tried
from hostkit.boards.model import BoardSpec, Chip, Kind
from hostkit.boards.outage import FOLDER, OutageBook, OutOfServiceError
from hostkit.boards.power import cycle_power, power_command, usb_place
from hostkit.errors import ExitCode, ToolError
from hostkit.testing.clock import FakeClock
from hostkit.testing.process import FakeRunner, Scripted

SPEC = BoardSpec("desk", Kind.SERIAL, Chip.ESP32, mac="24:0a:c4:00:00:01", port="/dev/ttyUSB0")


def climb(able: set[Step], helps: Step | None) -> Ladder:
    ladder = Ladder(able)
    while (step := ladder.next) is not None:
        ladder.took(Tried(step, step is helps, f"{step.value} said", 1.0))
    return ladder


def test_steps_are_tried_from_the_gentlest_until_one_helps() -> None:
    ladder = climb(set(Step), Step.POWER_CYCLE)
    assert [each.step for each in ladder.tried] == [*Step][:4]
    assert ladder.recovered


def test_what_cannot_be_done_here_is_left_out() -> None:
    ladder = climb({Step.LINE_RESET}, Step.LINE_RESET)
    assert [each.step for each in ladder.tried] == [Step.LINE_RESET]


def test_a_board_that_nothing_helps_is_given_up_with_all_that_was_tried() -> None:
    ladder = climb({Step.ASK, Step.LINK_RESET, Step.LINE_RESET}, None)
    assert ladder.tried[-1].step is Step.OUT_OF_SERVICE
    assert not ladder.recovered
    assert ladder.next is None
    assert ladder.reason.startswith("it does not answer; link reset, line reset did not help (")


def test_a_step_out_of_turn_is_refused() -> None:
    with pytest.raises(ValueError, match="power cycle was not next"):
        Ladder(set(Step)).took(Tried(Step.POWER_CYCLE, True, "", 0.0))


@given(st.sets(st.sampled_from(Step)), st.sampled_from([*Step, None]))
def test_a_ladder_always_ends_and_never_repeats(able: set[Step], helps: Step | None) -> None:
    steps = [each.step for each in climb(able, helps).tried]
    assert len(steps) == len(set(steps)) <= len(Step)
    assert steps == sorted(steps, key=[*Step].index)


@pytest.fixture
def book(tmp_path: Path) -> OutageBook:
    return OutageBook(tmp_path, FakeClock())


def test_a_board_out_of_service_is_refused_with_the_reason_and_the_way_back(book: OutageBook) -> None:
    book.refuse(SPEC)
    book.take_out(SPEC, "it does not answer", "run-1")
    with pytest.raises(OutOfServiceError) as caught:
        book.refuse(SPEC)
    assert caught.value.message == "board desk is out of service: it does not answer"
    assert caught.value.hint == "hostkit boards check desk, then: hostkit boards restore desk"
    assert caught.value.exit_code is ExitCode.INCONCLUSIVE
    assert caught.value.outage.run == "run-1"


def test_a_board_goes_by_its_mac_whatever_it_is_called(book: OutageBook) -> None:
    book.take_out(SPEC, "sick")
    other = BoardSpec("bench", Kind.SERIAL, Chip.ESP32, mac=SPEC.mac, port="/dev/ttyUSB7")
    assert book.find(other) is not None
    assert book.restore(other)
    assert book.find(SPEC) is None
    assert not book.restore(SPEC)


def test_a_record_that_cannot_be_read_still_counts(book: OutageBook, tmp_path: Path) -> None:
    path = tmp_path / FOLDER / f"{SPEC.identity}.json"
    path.parent.mkdir()
    path.write_text("{")
    found = book.find(SPEC)
    assert found is not None
    assert "cannot be read" in found.reason
    path.write_text(json.dumps({"other": 1}))
    assert book.find(SPEC) is not None


def _usb(root: Path, place: str) -> Path:
    """Build what /sys/class/tty has of a serial adapter."""
    hub = place.rsplit("." if "." in place else "-", 1)[0]
    device = root / "devices/pci0000:00/usb1" / hub / place / f"{place}:1.0" / "ttyUSB0"
    device.mkdir(parents=True)
    entry = root / "tty" / "ttyUSB0"
    entry.mkdir(parents=True)
    (entry / "device").symlink_to(device)
    return root / "tty"


@pytest.mark.parametrize(
    ("place", "hub", "port"), [("1-1.4", "1-1", "4"), ("1-1.4.2", "1-1.4", "2"), ("2-3", "2", "3")]
)
def test_the_hub_of_a_serial_device_is_found(tmp_path: Path, place: str, hub: str, port: str) -> None:
    ttys = _usb(tmp_path, place)
    assert usb_place("/dev/ttyUSB0", ttys) == (hub, port)
    assert usb_place("/dev/ttyUSB1", ttys) is None
    assert usb_place("", ttys) is None
    argv = power_command(SPEC, which=lambda _: "/usr/sbin/uhubctl", ttys=ttys)
    assert argv is not None
    assert argv[-4:] == ("--location", hub, "--ports", port)


def test_the_command_of_boards_toml_comes_first_and_without_any_there_is_none(tmp_path: Path) -> None:
    own = BoardSpec("desk", Kind.SERIAL, Chip.ESP32, port="/dev/ttyUSB0", power=("relay", "3"))
    assert power_command(own, which=lambda _: None, ttys=tmp_path) == ("relay", "3")
    assert power_command(SPEC, which=lambda _: None, ttys=_usb(tmp_path, "1-1.4")) is None
    assert power_command(SPEC, which=lambda _: "/bin/uhubctl", ttys=tmp_path / "none") is None


def test_a_power_command_that_fails_is_told_in_its_own_words() -> None:
    cycle_power(("relay",), FakeRunner.of(Scripted()))
    with pytest.raises(ToolError, match="relay failed \\(exit 3\\): no such relay"):
        cycle_power(("relay",), FakeRunner.of(Scripted(["trying\nno such relay\n"], 3)))
    with pytest.raises(ToolError, match="did not end within 60 s"):
        cycle_power(("relay",), FakeRunner.of(Scripted(timed_out=True)))
