"""The ROM client against the virtual chip's ROM loader, and against a line that misbehaves."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.boards import slip
from hostkit.boards.model import Chip
from hostkit.boards.virtual.flash import NorFlash
from hostkit.boards.virtual.loader import Chipset
from hostkit.boards.virtual.registers import Registers
from hostkit.boards.virtual.rom import RomLoader
from hostkit.errors import ExitCode, InconclusiveError, InvalidError, ToolError
from hostkit.flash.model import ChipIdentity
from hostkit.flash.rom import RomClient, RomRefusedError
from hostkit.testing.clock import FakeClock
from hostkit.testing.link import LineFaults, MemoryTransport

MAC = "24:0a:c4:00:00:10"


class Bench:
    """A ROM client wired to a ROM loader in memory."""

    def __init__(self, chip: Chip = Chip.ESP32, size: int = 4 << 20) -> None:
        self.clock = FakeClock()
        self.host, self.board = MemoryTransport.pair(self.clock)
        self.client = RomClient(self.host, self.clock)
        self.flash = NorFlash(size)
        self.registers = Registers(chip, MAC, self.flash, lambda: 115_200)
        self.loader = RomLoader(Chipset(self.flash, self.registers))
        self.answer: Callable[[bytes], tuple[bytes, ...]] = lambda packet: self.loader.handle(packet).packets
        self.packets: list[bytes] = []
        decoder = slip.Decoder()

        def take(data: bytes) -> None:
            for packet in decoder.feed(data):
                self.packets.append(packet)
                for reply in self.answer(packet):
                    self.board.write(slip.encode(reply))

        self.board.on_bytes = take


def reply(command: int, value: int = 0, data: bytes = b"", status: bytes = bytes(4)) -> bytes:
    body = data + status
    return bytes([1, command]) + len(body).to_bytes(2, "little") + value.to_bytes(4, "little") + body


def test_sync_is_sent_as_espressif_documents_it() -> None:
    bench = Bench()
    bench.client.connect(1.0)
    assert bench.packets == [b"\x00\x08\x24\x00\x00\x00\x00\x00\x07\x07\x12\x20" + b"\x55" * 32]


@pytest.mark.parametrize("chip", Chip)
@pytest.mark.parametrize("size", [2 << 20, 4 << 20, 16 << 20])
def test_a_chip_tells_its_kind_its_mac_and_the_size_of_its_flash(chip: Chip, size: int) -> None:
    bench = Bench(chip, size)
    bench.client.connect(1.0)
    assert bench.client.identify() == ChipIdentity(chip, MAC, size)


@given(st.integers(0, 1 << 16), st.integers(0, 1 << 16))
def test_the_md5_is_of_what_the_flash_holds(offset: int, size: int) -> None:
    bench = Bench()
    bench.client.connect(1.0)
    assert bench.client.md5(offset, size) == hashlib.md5(b"\xff" * size).hexdigest()


def test_identity_and_md5_survive_a_line_that_cuts_replies_into_pieces() -> None:
    bench = Bench()
    bench.board.faults = LineFaults(split=True)
    bench.client.connect(1.0)
    assert bench.client.identify().mac == MAC
    assert len(bench.client.md5(0, 4096)) == 32


def test_nothing_that_writes_flash_is_ever_sent() -> None:
    bench = Bench()
    bench.client.connect(1.0)
    bench.client.identify()
    bench.client.md5(0, 100)
    assert {packet[1] for packet in bench.packets} == {0x08, 0x14, 0x0A, 0x0D, 0x09, 0x13}


def test_sync_goes_on_until_the_rom_answers() -> None:
    bench = Bench()
    deaf = iter(range(3))
    loader = bench.answer
    bench.answer = lambda packet: () if next(deaf, None) is not None else loader(packet)
    bench.client.connect(1.0)
    assert len(bench.packets) == 4


def test_a_rom_that_never_answers_is_a_time_out_that_names_port_and_time() -> None:
    bench = Bench()
    bench.answer = lambda packet: ()
    with pytest.raises(InconclusiveError) as caught:
        bench.client.connect(2.0)
    assert caught.value.message == "the ROM loader on memory://host did not answer within 2.0 s"
    assert "hostkit boards reset" in caught.value.hint


def test_a_rom_that_falls_silent_is_a_time_out_that_names_the_command() -> None:
    bench = Bench()
    bench.client.connect(1.0)
    bench.answer = lambda packet: ()
    with pytest.raises(InconclusiveError) as caught:
        bench.client.read_register(0)
    assert "did not answer READ_REG within 3.0 s" in caught.value.message


def test_a_refused_command_is_an_error_with_the_roms_number() -> None:
    bench = Bench()
    bench.client.connect(1.0)
    bench.answer = lambda packet: (reply(packet[1], status=b"\x01\x05\0\0"),)
    with pytest.raises(RomRefusedError) as caught:
        bench.client.read_register(0)
    assert "refused READ_REG (error 0x05)" in caught.value.message
    assert caught.value.exit_code is ExitCode.TOOL


def test_replies_to_other_commands_and_fragments_are_passed_over() -> None:
    bench = Bench()
    bench.answer = lambda packet: (reply(0x08), b"\x01", b"\x00" * 12, reply(packet[1], value=7))
    assert bench.client.read_register(0) == 7


def test_a_chip_that_hostkit_does_not_know_is_refused() -> None:
    bench = Bench()
    bench.answer = lambda packet: (reply(packet[1], data=bytes(12) + b"\x0d\0\0\0" + bytes(4)),)
    with pytest.raises(InvalidError) as caught:
        bench.client.identify()
    assert "does not know (id 13)" in caught.value.message
    assert "esp32c3" in caught.value.hint


def test_an_old_chip_with_another_magic_is_refused() -> None:
    bench = Bench()
    bench.answer = lambda packet: (
        reply(packet[1], value=0xFFF0C101, status=b"\1\5\0\0" if packet[1] == 0x14 else bytes(4)),
    )
    with pytest.raises(InvalidError) as caught:
        bench.client.identify()
    assert "magic 0xfff0c101" in caught.value.message


def test_a_flash_that_does_not_say_its_size_is_refused() -> None:
    class Mute(NorFlash):
        jedec = 0xFFFFFF

    bench = Bench()
    bench.registers._flash = Mute(4 << 20)
    bench.client.connect(1.0)
    with pytest.raises(InvalidError) as caught:
        bench.client.identify()
    assert "says ffffff for its id" in caught.value.message


def test_an_md5_that_is_none_is_an_error() -> None:
    bench = Bench()
    bench.answer = lambda packet: (reply(packet[1], data=b"z" * 32),)
    with pytest.raises(ToolError) as caught:
        bench.client.md5(0, 16)
    assert "where an MD5 belongs" in caught.value.message
