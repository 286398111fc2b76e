from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hostkit.boards.image import ImageHeader, Segment, pack_image, parse_image
from hostkit.boards.model import Chip, Fidelity, Kind
from hostkit.boards.open import open_board
from hostkit.boards.simulated import engine
from hostkit.boards.simulated.run import Storage
from hostkit.boards.simulated.silicon import RETAINED, PowerUp, SimulatedChip
from hostkit.build.elf import read_program
from hostkit.errors import ExitCode, MissingToolError, UsageError
from hostkit.testing.boards import virtual_spec
from hostkit.testing.clock import FakeClock

CONF, TARGET_LOW, UNIT_LOW, UART_STATUS = 0x60023000, 0x60023020, 0x60023044, 0x6000001C
ARMED = 1 << 24


class FakeSimulator:
    """Registers that keep what is written, and a CPU that burns cycles."""

    def __init__(self) -> None:
        self.words: dict[int, int] = {}
        self.cycles = 0
        self.sent = b""

    def run_for(self, duration: str) -> object:
        assert duration == "40us"
        self.cycles += 6400
        return None

    def send_bytes(self, data: bytes) -> None:
        self.sent += data

    def read_uart_bytes(self) -> bytes:
        sent, self.sent = self.sent, b""
        return sent

    def read_u32(self, address: int) -> int:
        return self.words.get(address, 0)

    def write_u32(self, address: int, value: int) -> None:
        assert 0 <= value < 1 << 32
        self.words[address] = value

    def read_memory(self, address: int, length: int) -> bytes:
        return b"".join(self.read_u32(address + at).to_bytes(4, "little") for at in range(0, length, 4))


def powered(reason: str = "power-on", retained: bytes = b"") -> tuple[SimulatedChip, FakeSimulator]:
    simulator = FakeSimulator()
    return SimulatedChip(simulator, PowerUp(reason, "02:68:6b:00:01:c3", 0xDEADBEEF, retained)), simulator


def test_efuse_and_noise_are_there_before_the_program_is() -> None:
    _, simulator = powered()
    assert simulator.words[0x60008844] == 0x6B0001C3
    assert simulator.words[0x60008848] == 0x0268
    assert simulator.words[0x600260B0] == 0xDEADBEEF


@pytest.mark.parametrize(
    ("reason", "cause", "mark"),
    [
        ("power-on", 0x01, 0),
        ("external", 0x01, 0),
        ("software", 0x03, 0),
        ("panic", 0x03, 0x50414E43),
        ("watchdog", 0x09, 0),
        ("brownout", 0x0F, 0),
    ],
)
def test_the_reset_cause_is_what_silicon_would_show(reason: str, cause: int, mark: int) -> None:
    _, simulator = powered(reason)
    assert (simulator.words[0x60008038], simulator.words[0x600080B8]) == (cause, mark)


def test_ten_cycles_of_the_cpu_are_a_tick_of_the_timer() -> None:
    chip, simulator = powered()
    assert chip.run("40us") == b""
    assert chip.ticks == 640 == simulator.words[UNIT_LOW]
    chip.set_time((5 << 32) + 7)
    assert (simulator.words[0x60023040], simulator.words[UNIT_LOW]) == (5, 7)


def test_it_sleeps_only_while_its_timer_is_armed_and_its_uart_is_empty() -> None:
    chip, simulator = powered()
    simulator.words |= {CONF: 0, TARGET_LOW: 1600}
    assert chip.sleeps_until is None
    simulator.words[CONF] = ARMED
    assert chip.sleeps_until == 1600
    simulator.words[UART_STATUS] = 3 << 16
    assert chip.sleeps_until is None
    simulator.words[UART_STATUS] = 3
    assert chip.sleeps_until is None


def test_a_reset_and_a_panic_are_told_apart() -> None:
    chip, simulator = powered()
    assert not chip.reset_asked
    simulator.words[0x60008000] = 1 << 31
    assert chip.reset_asked
    assert not chip.panicked
    simulator.words[0x600080B8] = 0x50414E43
    assert chip.panicked


def test_what_the_firmware_stored_is_taken_once() -> None:
    before = bytes(range(256)) * 8
    chip, simulator = powered(retained=before + b"beyond")
    assert simulator.read_memory(0x50000000, RETAINED) == before
    assert chip.take_retained() is None
    simulator.words[0x50000404] = 99
    stored = chip.take_retained()
    assert stored is not None
    assert stored[0x404] == 99
    assert chip.take_retained() is None


def test_storage_changes_its_own_part_of_the_file_only(tmp_path: Path) -> None:
    path = tmp_path / "nvs.bin"
    path.write_bytes(bytes(0x6000))
    Storage(path).keep(b"\x01" * RETAINED)
    assert path.read_bytes() == b"\x01" * RETAINED + bytes(0x6000 - RETAINED)
    assert Storage(path).retained == b"\x01" * RETAINED
    assert Storage(None).retained == b""
    Storage(None).keep(b"nothing to keep it in")


def test_an_image_becomes_the_program_that_it_was_made_of() -> None:
    parts = (Segment(0x3C000020, b"constant"), Segment(0, bytes(64)), Segment(0x42010020, b"code"))
    image = parse_image(pack_image(ImageHeader(Chip.ESP32C3, 0x42010020), parts))
    program = read_program(engine.program_of(image))
    assert program.entry == 0x42010020
    assert [(load.address, load.data) for load in program.loads] == [
        (0x3C000020, b"constant"),
        (0x42010020, b"code"),
    ]


def test_a_chip_without_a_simulator_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        open_board(
            virtual_spec("s", Chip.ESP32S3, kind=Kind.SIMULATED), boards_dir=tmp_path, clock=FakeClock()
        )
    assert caught.value.message == "there is no simulated esp32s3"
    assert caught.value.hint == "simulated boards are esp32c3"


def test_without_labwired_the_way_to_get_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "labwired", None)  # as Python itself marks what cannot be imported
    with pytest.raises(MissingToolError) as caught:
        engine.require_engine(Chip.ESP32C3)
    assert "labwired" in caught.value.message
    assert caught.value.hint == "run: pip install 'hostkit[sim]'"
    assert caught.value.exit_code is ExitCode.TOOL


def test_a_simulated_board_is_worth_more_than_a_virtual_one_and_gets_more_time() -> None:
    simulated, virtual = virtual_spec(kind=Kind.SIMULATED), virtual_spec()
    assert Fidelity.VIRTUAL < simulated.fidelity < Fidelity.BOARD
    assert simulated.patience > virtual.patience == 1.0
    assert simulated.served
    assert virtual.served
