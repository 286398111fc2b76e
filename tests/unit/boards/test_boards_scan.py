"""USB ports, what is remembered of them, and what is proposed for boards.toml."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
from serial.tools.list_ports_common import ListPortInfo

from hostkit.boards import usb
from hostkit.boards.catalog import load_catalog
from hostkit.boards.holder import BusyError
from hostkit.boards.model import BoardSpec, Chip, Kind
from hostkit.boards.scan import Found, Scan, append, entry
from hostkit.boards.silicon import SiliconBoard
from hostkit.boards.usb import ADAPTERS, KnownChip, PortFinder, UsbMemory, UsbPort, list_ports
from hostkit.errors import InconclusiveError
from hostkit.testing.clock import FakeClock
from hostkit.testing.usb import FakeLister

CP = UsbPort("/dev/ttyUSB0", 0x10C4, 0xEA60, "0001", "1-2")
CH = UsbPort("/dev/ttyUSB1", 0x1A86, 0x7523, "", "1-3")
JTAG = UsbPort("/dev/ttyACM0", 0x303A, 0x1001, "34:85:18:00:00:01", "1-4")
PRINTER = UsbPort("/dev/ttyACM1", 0x04F9, 0x2042, "X", "1-5")
CHIPS = {
    CP.device: KnownChip(Chip.ESP32, "24:0a:c4:00:00:01", 4 << 20),
    CH.device: KnownChip(Chip.ESP32C3, "24:0a:c4:00:00:02", 4 << 20),
    JTAG.device: KnownChip(Chip.ESP32S3, "34:85:18:00:00:01", 8 << 20),
}
DESK = BoardSpec("desk", Kind.SERIAL, Chip.ESP32, mac="24:0a:c4:00:00:01")


class Desk:
    """Ports, a memory and chips that answer; ``asked`` remembers who was asked."""

    def __init__(self, tmp_path: Path, *ports: UsbPort) -> None:
        self.lister = FakeLister(*ports)
        self.memory = UsbMemory(tmp_path / "boards" / usb.MEMORY)
        self.chips = dict(CHIPS)
        self.asked: list[str] = []

    def ask(self, port: str) -> KnownChip:
        self.asked.append(port)
        if port not in self.chips:
            raise InconclusiveError(f"no chip on {port}", hint="hold BOOT")
        return self.chips[port]

    def scan(self, *boards: BoardSpec, again: bool = False) -> tuple[Found, ...]:
        return Scan(self.lister, self.memory, self.ask, lambda port: nullcontext()).run(boards, again=again)


def test_every_adapter_of_the_issue_is_known_and_a_label_printer_is_not() -> None:
    assert {name.split()[0] for name in ADAPTERS.values()} >= {
        "CP210x",
        "CH340",
        "CH9102",
        "FTDI",
        "Espressif",
    }
    assert {pid for vid, pid in ADAPTERS if vid == 0x0403} == {0x6001, 0x6010, 0x6014, 0x6015}
    assert PRINTER.adapter == ""


def test_a_chip_is_asked_once_and_remembered_over_processes(tmp_path: Path) -> None:
    desk = Desk(tmp_path, CP, CH, JTAG, PRINTER)
    found = desk.scan()
    assert [each.chip for each in found] == [CHIPS[JTAG.device], CHIPS[CP.device], CHIPS[CH.device]]
    assert all(each.asked for each in found)
    assert sorted(desk.asked) == sorted(CHIPS)  # the printer was left in peace
    later = Desk(tmp_path, CP, CH, JTAG)
    assert [each.chip for each in later.scan()] == [each.chip for each in found]
    assert later.asked == []
    later.scan(again=True)
    assert sorted(later.asked) == sorted(CHIPS)


def test_a_chip_that_does_not_answer_is_said_and_asked_the_next_time(tmp_path: Path) -> None:
    desk = Desk(tmp_path, CP)
    desk.chips.clear()
    (found,) = desk.scan()
    assert (found.chip, found.problem) == (None, "no chip on /dev/ttyUSB0 (hold BOOT)")
    desk.scan()
    assert desk.asked == [CP.device] * 2


def test_a_port_that_somebody_uses_is_not_asked(tmp_path: Path) -> None:
    desk = Desk(tmp_path, CP)

    def hold(port: UsbPort) -> nullcontext[None]:
        raise BusyError(f"{port.device} is in use by pid 7", hint="kill 7")

    (found,) = Scan(desk.lister, desk.memory, desk.ask, hold).run(())
    assert found.problem == "/dev/ttyUSB0 is in use by pid 7 (kill 7)"
    assert desk.asked == []


def test_two_boards_with_the_serial_number_of_all_cp2102_are_two(tmp_path: Path) -> None:
    other = UsbPort("/dev/ttyUSB9", CP.vid, CP.pid, CP.serial, "3-1")
    desk = Desk(tmp_path, CP, other)
    desk.chips[other.device] = KnownChip(Chip.ESP32, "24:0a:c4:00:00:09", 4 << 20)
    assert len({each.chip.mac for each in desk.scan() if each.chip}) == 2
    desk.asked.clear()
    desk.scan()
    assert desk.asked == []


def test_names_are_those_of_boards_toml_else_new_ones_by_chip_and_mac(tmp_path: Path) -> None:
    desk = Desk(tmp_path, CP, CH)
    taken = BoardSpec("esp32c3-0002", Kind.SERIAL, Chip.ESP32C3, mac="aa:aa:aa:aa:aa:aa")
    names = [(each.name, each.known) for each in desk.scan(DESK, taken)]
    assert names == [("desk", True), ("esp32c3-240ac4000002", False)]


def test_a_proposal_appended_to_boards_toml_loads_and_leaves_comments_alone(tmp_path: Path) -> None:
    desk = Desk(tmp_path, CP, JTAG)
    path = tmp_path / "boards.toml"
    before = '# mine\n\n[boards.virt0] # keep\nkind = "virtual"\nchip = "esp32"\nmac = "02:00:00:00:00:01"'
    path.write_text(before)
    path.chmod(0o600)
    append(path, [entry(each) for each in desk.scan()])
    assert path.read_text().startswith(before + "\n\n# Espressif USB-Serial-JTAG, serial number 34:85:18")
    assert path.stat().st_mode & 0o777 == 0o600
    catalog = load_catalog(path)
    assert catalog.names() == ("virt0", "esp32s3-0001", "esp32-0001")
    board = catalog.get("esp32s3-0001")
    assert (board.mac, board.flash_size, board.port) == ("34:85:18:00:00:01", 8 << 20, "")
    assert [(each.name, each.known) for each in desk.scan(*catalog)] == [
        ("esp32s3-0001", True),
        ("esp32-0001", True),
    ]


def test_append_makes_a_file_where_there_is_none(tmp_path: Path) -> None:
    desk = Desk(tmp_path, CP)
    append(tmp_path / "boards.toml", [entry(each) for each in desk.scan()])
    assert load_catalog(tmp_path / "boards.toml").names() == ("esp32-0001",)


def test_a_board_is_found_by_its_mac_when_its_port_has_another_name(tmp_path: Path) -> None:
    desk = Desk(tmp_path, CP, JTAG)
    finder = PortFinder(desk.memory, desk.lister)
    assert finder.find(DESK) == ""
    desk.scan()
    assert finder.find(DESK) == CP.device
    desk.lister.rename(CP.device, "/dev/ttyUSB7")
    assert finder.find(DESK) == "/dev/ttyUSB7"
    stale = BoardSpec("desk", Kind.SERIAL, Chip.ESP32, mac=DESK.mac, port="/dev/ttyUSB0")
    assert finder.find(stale) == "/dev/ttyUSB7"
    desk.lister.pull("/dev/ttyUSB7")
    assert finder.find(stale) == "/dev/ttyUSB0"  # what boards.toml says, for the message
    assert finder.find(DESK) == ""


def test_a_board_that_was_moved_to_another_adapter_is_found_there_only(tmp_path: Path) -> None:
    desk = Desk(tmp_path, CP, CH)
    desk.scan()
    desk.chips = {CP.device: CHIPS[CH.device], CH.device: CHIPS[CP.device]}
    desk.scan(again=True)
    assert PortFinder(desk.memory, desk.lister).find(DESK) == CH.device


def test_a_stable_name_of_the_same_port_stays_as_it_is_written(tmp_path: Path) -> None:
    device = tmp_path / "ttyUSB0"
    device.touch()
    link = tmp_path / "by-id"
    link.symlink_to(device)
    desk = Desk(tmp_path, UsbPort(str(device), CP.vid, CP.pid, "7", "1-2"))
    desk.chips[str(device)] = CHIPS[CP.device]
    desk.scan()
    spec = BoardSpec("desk", Kind.SERIAL, Chip.ESP32, mac=DESK.mac, port=str(link))
    assert PortFinder(desk.memory, desk.lister).find(spec) == str(link)


def test_a_board_without_a_mac_or_a_memory_needs_no_look_at_usb(tmp_path: Path) -> None:
    desk = Desk(tmp_path, CP)
    nameless = BoardSpec("x", Kind.SERIAL, Chip.ESP32, port="/dev/ttyUSB0")
    finder = PortFinder(desk.memory, desk.lister)
    assert (finder.find(nameless), finder.find(DESK)) == ("/dev/ttyUSB0", "")
    assert desk.lister.calls == 0


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"a": {}}', b'{"a": {"chip": "esp99"}}', b"\xff"])
def test_a_memory_that_makes_no_sense_is_none(tmp_path: Path, content: bytes) -> None:
    memory = UsbMemory(tmp_path / "m")
    memory.path.write_bytes(content)
    assert memory.chips() == {}
    memory.remember(CP, CHIPS[CP.device])
    assert memory.chips() == {CP.key: CHIPS[CP.device]}


def test_the_board_says_where_it_is_and_how_to_make_it_found(tmp_path: Path) -> None:
    ports = [str(tmp_path / "a"), ""]
    board = SiliconBoard(DESK, FakeClock(), None, lambda spec: ports[0])  # type: ignore[arg-type]
    with pytest.raises(InconclusiveError, match="board desk is not there: no ") as caught:
        board.link_port()
    assert "hostkit boards scan" in caught.value.hint
    (tmp_path / "a").touch()
    assert board.link_port() == str(tmp_path / "a")
    ports.pop(0)
    with pytest.raises(InconclusiveError, match="no port where MAC 24:0a:c4:00:00:01 was found") as caught:
        board.link_port()
    assert "hostkit boards scan" in caught.value.hint


def test_pyserials_list_is_read_without_ports_that_are_not_usb(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = ListPortInfo("/dev/ttyUSB0"), ListPortInfo("/dev/ttyS0")
    first.vid, first.pid, first.serial_number, first.location = 0x10C4, 0xEA60, "0001", "1-2"
    third = ListPortInfo("/dev/ttyACM0")
    third.vid, third.pid = 0x303A, 0x1001
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [first, second, third])
    assert list_ports() == (UsbPort("/dev/ttyACM0", 0x303A, 0x1001), CP)
