"""ROM loader and stub as a host sees them: packets in, packets out."""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.boards import slip
from hostkit.boards.loader_protocol import (
    Op,
    Response,
    RomError,
    StubError,
    checksum,
    parse_response,
    request,
)
from hostkit.boards.model import Chip
from hostkit.boards.virtual.download import DownloadMode
from hostkit.boards.virtual.flash import NorFlash
from hostkit.boards.virtual.loader import Chipset, Effect
from hostkit.boards.virtual.registers import Registers

SIZE = 1 << 20
SYNC = b"\x07\x07\x12\x20" + 32 * b"\x55"


@dataclass
class Host:
    """Sends commands and reads answers, as esptool does, without a port."""

    chip: Chip = Chip.ESP32
    flash: NorFlash = field(default_factory=lambda: NorFlash(SIZE))

    def __post_init__(self) -> None:
        registers = Registers(self.chip, "24:0a:c4:01:02:03", self.flash, lambda: 115_200)
        self.download = DownloadMode(Chipset(self.flash, registers))
        self.effects: list[Effect] = []
        self.raw: list[bytes] = []

    def send(self, packet: bytes) -> list[bytes]:
        reply = self.download.feed(slip.encode(packet))
        self.effects += [step.effect for step in reply.effects]
        self.raw = slip.Decoder().feed(reply.out)
        return self.raw

    def ask(self, op: int, data: bytes = b"", check: int = 0) -> Response:
        answer = parse_response(self.send(request(op, data, check))[0])
        assert answer is not None
        assert answer.op == op
        return answer

    def words(self, op: int, *values: int) -> Response:
        return self.ask(op, struct.pack(f"<{len(values)}I", *values))

    def block(self, op: int, sequence: int, data: bytes, check: int | None = None) -> Response:
        head = struct.pack("<IIII", len(data), sequence, 0, 0)
        return self.ask(op, head + data, checksum(data) if check is None else check)

    def start_stub(self) -> None:
        self.words(Op.MEM_BEGIN, 8, 1, 0x1800, 0x40080000)
        self.block(Op.MEM_DATA, 0, b"\0" * 8)
        self.words(Op.MEM_END, 0, 0x40080000)
        assert self.raw[1] == b"OHAI"


def rom_error(answer: Response) -> int:
    assert answer.data[-4] == 1
    return answer.data[-3]


def stub_error(answer: Response) -> int:
    assert answer.data[-1] == 0
    return answer.data[-2]


@pytest.fixture
def rom() -> Host:
    return Host()


@pytest.fixture
def stub() -> Host:
    host = Host()
    host.start_stub()
    return host


def test_the_checksum_is_the_xor_of_all_bytes_with_ef() -> None:
    assert checksum(b"") == 0xEF
    assert checksum(b"\x01\x02\x04") == 0xEF ^ 7


@given(st.binary(max_size=300))
def test_the_folded_checksum_equals_the_plain_one(data: bytes) -> None:
    plain = 0xEF
    for byte in data:
        plain ^= byte
    assert checksum(data) == plain


# -- ROM ----------------------------------------------------------------------------------------------


def test_sync_is_answered_eight_times_with_a_value_that_says_rom(rom: Host) -> None:
    answers = [parse_response(packet) for packet in rom.send(request(Op.SYNC, SYNC))]
    assert len(answers) == 8
    assert all(answer and answer.value != 0 and answer.data == bytes(4) for answer in answers)


@pytest.mark.parametrize(
    ("chip", "magic"), [(Chip.ESP32, 0x00F01D83), (Chip.ESP32S3, 9), (Chip.ESP32C3, 0x1B31506F)]
)
def test_each_chip_has_its_magic(chip: Chip, magic: int) -> None:
    assert Host(chip).words(Op.READ_REG, 0x40001000).value == magic


def test_the_mac_lies_in_the_efuses_of_an_esp32(rom: Host) -> None:
    high = rom.words(Op.READ_REG, 0x3FF5A008).value & 0xFFFF
    low = rom.words(Op.READ_REG, 0x3FF5A004).value
    assert struct.pack(">HI", high, low) == bytes.fromhex("240ac4010203")


@pytest.mark.parametrize(("chip", "base"), [(Chip.ESP32S3, 0x60007044), (Chip.ESP32C3, 0x60008844)])
def test_the_mac_lies_in_the_efuses_of_newer_chips(chip: Chip, base: int) -> None:
    host = Host(chip)
    low, high = host.words(Op.READ_REG, base).value, host.words(Op.READ_REG, base + 4).value
    assert struct.pack(">HI", high, low) == bytes.fromhex("240ac4010203")


@pytest.mark.parametrize(("chip", "number"), [(Chip.ESP32S3, 9), (Chip.ESP32C3, 5)])
def test_newer_chips_tell_their_id_by_security_info(chip: Chip, number: int) -> None:
    answer = Host(chip).ask(Op.GET_SECURITY_INFO)
    assert len(answer.data) == 20 + 4
    assert struct.unpack_from("<I", answer.data, 12)[0] == number


def test_an_esp32_knows_no_security_info(rom: Host) -> None:
    assert rom_error(rom.ask(Op.GET_SECURITY_INFO)) == RomError.INVALID_MESSAGE


def test_the_rom_does_not_know_the_commands_of_the_stub(rom: Host) -> None:
    assert rom_error(rom.ask(Op.ERASE_FLASH)) == RomError.INVALID_MESSAGE


def test_a_register_keeps_what_was_written_through_a_mask(rom: Host) -> None:
    rom.words(Op.WRITE_REG, 0x3FF48000, 0xAABBCCDD, 0xFFFFFFFF, 0)
    rom.words(Op.WRITE_REG, 0x3FF48000, 0x11111111, 0x0000FF00, 0)
    assert rom.words(Op.READ_REG, 0x3FF48000).value == 0xAABB11DD


def test_efuses_cannot_be_overwritten_by_register_writes(rom: Host) -> None:
    before = rom.words(Op.READ_REG, 0x3FF5A004).value
    rom.words(Op.WRITE_REG, 0x3FF5A004, 0, 0xFFFFFFFF, 0)
    assert rom.words(Op.READ_REG, 0x3FF5A004).value == before


def test_registers_written_without_end_are_not_all_remembered(rom: Host) -> None:
    for start in range(0, 40_000, 1000):
        data = b"".join(
            struct.pack("<IIII", 4 * word, 1, 0xFFFFFFFF, 0) for word in range(start, start + 1000)
        )
        rom.ask(Op.WRITE_REG, data)
    assert len(rom.download._chips.registers._written) <= 4096


def test_the_flash_id_comes_through_the_spi_peripheral(rom: Host) -> None:
    base = 0x3FF42000
    rom.words(Op.WRITE_REG, base + 0x2C, 23, 0xFFFFFFFF, 0)
    rom.words(Op.WRITE_REG, base + 0x1C, 1 << 31 | 1 << 28, 0xFFFFFFFF, 0)
    rom.words(Op.WRITE_REG, base + 0x24, 7 << 28 | 0x9F, 0xFFFFFFFF, 0)
    rom.words(Op.WRITE_REG, base, 1 << 18, 0xFFFFFFFF, 0)
    assert rom.words(Op.READ_REG, base).value == 0
    assert rom.words(Op.READ_REG, base + 0x80).value == 0x1440EF  # 2**0x14 bytes


def test_the_uart_divider_tells_a_crystal_of_40_mhz(rom: Host) -> None:
    assert rom.words(Op.READ_REG, 0x3FF40014).value * 115_200 == pytest.approx(40e6, rel=0.005)


def test_the_rom_erases_when_it_begins_and_writes_what_comes(rom: Host) -> None:
    rom.flash.write(0, bytes(8192))
    rom.words(Op.FLASH_BEGIN, 1024, 1, 1024, 0)
    assert rom.flash.read(0, 8192) == b"\xff" * 4096 + bytes(4096)
    assert rom.block(Op.FLASH_DATA, 0, b"a" * 1024).data == bytes(4)
    assert rom.flash.read(0, 1024) == b"a" * 1024


def test_a_block_with_a_wrong_checksum_is_refused(rom: Host) -> None:
    rom.words(Op.FLASH_BEGIN, 1024, 1, 1024, 0)
    assert rom_error(rom.block(Op.FLASH_DATA, 0, b"a" * 1024, check=0)) == RomError.INVALID_CHECKSUM
    assert rom.flash.read(0, 1024) == b"\xff" * 1024


def test_a_block_out_of_sequence_is_refused(rom: Host) -> None:
    rom.words(Op.FLASH_BEGIN, 2048, 2, 1024, 0)
    assert rom_error(rom.block(Op.FLASH_DATA, 1, b"b" * 1024)) == RomError.FAILED_TO_ACT
    assert rom.flash.read(0, 2048) == b"\xff" * 2048


def test_a_block_that_is_sent_again_is_acknowledged_and_written_once(rom: Host) -> None:
    rom.words(Op.FLASH_BEGIN, 2048, 2, 1024, 0)
    for _ in range(2):
        assert rom.block(Op.FLASH_DATA, 0, b"a" * 1024).data == bytes(4)
    rom.block(Op.FLASH_DATA, 1, b"b" * 1024)
    assert rom.flash.read(0, 2048) == b"a" * 1024 + b"b" * 1024


def test_a_session_beyond_the_chip_is_refused(rom: Host) -> None:
    assert rom_error(rom.words(Op.FLASH_BEGIN, 8192, 8, 1024, SIZE - 4096)) == RomError.FAILED_TO_ACT


def test_a_block_without_a_session_is_refused(rom: Host) -> None:
    assert rom_error(rom.block(Op.FLASH_DATA, 0, b"a" * 1024)) == RomError.FAILED_TO_ACT


def test_a_block_whose_length_lies_is_refused(rom: Host) -> None:
    rom.words(Op.FLASH_BEGIN, 1024, 1, 1024, 0)
    data = struct.pack("<IIII", 999, 0, 0, 0) + b"a" * 1024
    assert rom_error(rom.ask(Op.FLASH_DATA, data, checksum(b"a" * 1024))) == RomError.INVALID_MESSAGE


def test_the_rom_inflates(rom: Host) -> None:
    plain = bytes(range(256)) * 16
    rom.words(Op.FLASH_DEFL_BEGIN, len(plain), 1, 1024, 0x1000)
    assert rom.block(Op.FLASH_DEFL_DATA, 0, zlib.compress(plain)).data == bytes(4)
    assert rom.flash.read(0x1000, len(plain)) == plain


def test_what_does_not_inflate_is_refused(rom: Host) -> None:
    rom.words(Op.FLASH_DEFL_BEGIN, 4096, 1, 1024, 0)
    assert rom_error(rom.block(Op.FLASH_DEFL_DATA, 0, b"no zlib at all")) == RomError.DEFLATE


def test_the_md5_of_the_rom_is_text(rom: Host) -> None:
    rom.flash.write(0, b"hello")
    answer = rom.words(Op.SPI_FLASH_MD5, 0, 5, 0, 0)
    assert answer.data[:32].decode() == hashlib.md5(b"hello").hexdigest()


def test_an_md5_beyond_the_chip_is_refused(rom: Host) -> None:
    assert rom_error(rom.words(Op.SPI_FLASH_MD5, SIZE - 1, 2, 0, 0)) == RomError.FLASH_READ


def test_the_slow_read_always_returns_64_bytes(rom: Host) -> None:
    rom.flash.write(0, b"hello")
    assert rom.words(Op.READ_FLASH_SLOW, 0, 5).data == b"hello" + bytes(59) + bytes(4)
    assert rom_error(rom.words(Op.READ_FLASH_SLOW, 0, 65)) == RomError.FLASH_READ_LENGTH


def test_ram_blocks_are_checked(rom: Host) -> None:
    rom.words(Op.MEM_BEGIN, 8, 1, 0x1800, 0x40080000)
    assert rom_error(rom.block(Op.MEM_DATA, 0, b"a" * 8, check=0)) == RomError.INVALID_CHECKSUM
    assert rom_error(rom.block(Op.MEM_DATA, 1, b"a" * 8)) == RomError.FAILED_TO_ACT
    assert rom_error(rom.block(Op.MEM_DATA, 0, b"a" * 9)) == RomError.FAILED_TO_ACT
    assert rom.block(Op.MEM_DATA, 0, b"a" * 8).data == bytes(4)


def test_a_jump_into_loaded_ram_starts_the_stub(rom: Host) -> None:
    rom.start_stub()
    assert rom.download.in_stub
    assert rom.effects == []


def test_a_jump_into_nothing_crashes_the_chip(rom: Host) -> None:
    rom.words(Op.MEM_END, 0, 0x40080000)
    assert rom.effects == [Effect.WATCHDOG]


def test_the_end_of_flashing_leaves_the_rom(rom: Host) -> None:
    rom.words(Op.FLASH_BEGIN, 0, 0, 1024, 0)
    rom.words(Op.FLASH_END, 1)
    assert rom.effects == [Effect.RUN]


def test_a_new_baud_rate_is_answered_first(rom: Host) -> None:
    reply = rom.download.feed(slip.encode(request(Op.CHANGE_BAUDRATE, struct.pack("<II", 921_600, 0))))
    assert reply.out
    assert [(step.effect, step.baud) for step in reply.effects] == [(Effect.NEW_BAUD, 921_600)]


def test_an_armed_watchdog_resets_the_chip_when_it_is_locked() -> None:
    host = Host(Chip.ESP32C3)
    host.words(Op.WRITE_REG, 0x600080A8, 0x50D83AA1, 0xFFFFFFFF, 0)
    host.words(Op.WRITE_REG, 0x60008090, 1 << 31 | 5 << 28, 0xFFFFFFFF, 0)
    assert host.effects == []
    host.words(Op.WRITE_REG, 0x600080A8, 0, 0xFFFFFFFF, 0)
    assert host.effects == [Effect.WATCHDOG]


@pytest.mark.parametrize(
    "op", [op for op in Op if op < 0xD0 and op not in (Op.SPI_ATTACH, Op.SPI_SET_PARAMS)]
)
def test_a_command_that_is_cut_short_is_refused_not_obeyed(op: Op) -> None:
    host = Host(Chip.ESP32S3)
    answer = parse_response(host.send(request(op, b"\x01"))[0])
    assert answer is not None
    if op is not Op.GET_SECURITY_INFO:
        assert answer.data[-4] == 1
    assert host.effects == []


# -- stub ---------------------------------------------------------------------------------------------


def test_sync_of_the_stub_has_the_value_zero(stub: Host) -> None:
    answers = [parse_response(packet) for packet in stub.send(request(Op.SYNC, SYNC))]
    assert [answer and answer.value for answer in answers] == [0] * 8


def test_the_stub_has_two_status_bytes(stub: Host) -> None:
    assert stub.words(Op.READ_REG, 0x40001000).data == b"\0\0"


def test_the_stub_erases_only_as_far_as_it_writes(stub: Host) -> None:
    stub.flash.write(0, bytes(0x9000))
    stub.words(Op.FLASH_BEGIN, 0x8000, 2, 0x4000, 0)
    stub.block(Op.FLASH_DATA, 0, b"a" * 0x4000)
    assert stub.flash.read(0, 0x9000) == b"a" * 0x4000 + bytes(0x5000)
    stub.block(Op.FLASH_DATA, 1, b"b" * 0x4000)
    assert stub.flash.read(0x4000, 0x5000) == b"b" * 0x4000 + bytes(0x1000)


def test_the_padding_of_the_last_block_is_not_written(stub: Host) -> None:
    stub.words(Op.FLASH_BEGIN, 5, 1, 0x4000, 0)
    stub.block(Op.FLASH_DATA, 0, b"abcde" + bytes(100))
    assert stub.flash.read(0, 8) == b"abcde\xff\xff\xff"


def test_the_stub_refuses_with_its_own_codes(stub: Host) -> None:
    assert stub_error(stub.block(Op.FLASH_DATA, 0, b"a")) == StubError.NOT_IN_FLASH_MODE
    stub.words(Op.FLASH_BEGIN, 0x8000, 2, 0x4000, 0)
    assert stub_error(stub.block(Op.FLASH_DATA, 0, b"a", check=1)) == StubError.BAD_DATA_CHECKSUM
    assert stub_error(stub.block(Op.FLASH_DATA, 1, b"a")) == StubError.NOT_ENOUGH_DATA
    assert stub_error(stub.words(Op.FLASH_END, 1)) == StubError.NOT_ENOUGH_DATA
    assert stub_error(stub.words(Op.FLASH_BEGIN, 0x4000, 1, 0x4000, SIZE)) == StubError.FAILED_SPI_OP
    assert stub_error(stub.words(Op.FLASH_BEGIN, 0x4000, 1, 0x8000, 0)) == StubError.BAD_BLOCKSIZE
    assert stub_error(stub.words(Op.ERASE_REGION, 1, 4096)) == StubError.BAD_DATA_LEN
    assert stub_error(stub.words(Op.ERASE_REGION, SIZE, 4096)) == StubError.FAILED_SPI_OP
    assert stub_error(stub.words(Op.READ_FLASH, SIZE, 1, 4096, 64)) == StubError.FAILED_SPI_OP
    assert stub_error(stub.words(Op.SPI_FLASH_MD5, SIZE, 1, 0, 0)) == StubError.FAILED_SPI_OP
    assert stub_error(stub.ask(0x55)) == StubError.NOT_IMPLEMENTED


def test_more_data_than_announced_is_refused(stub: Host) -> None:
    stub.words(Op.FLASH_BEGIN, 4, 1, 0x4000, 0)
    stub.block(Op.FLASH_DATA, 0, b"abcd")
    assert stub_error(stub.block(Op.FLASH_DATA, 1, b"efgh")) == StubError.TOO_MUCH_DATA


def test_a_deflate_bomb_is_refused_and_does_not_fill_memory(stub: Host) -> None:
    bomb = zlib.compress(bytes(10 << 20), 9)
    stub.words(Op.FLASH_DEFL_BEGIN, 4096, 1, 0x4000, 0)
    assert stub_error(stub.block(Op.FLASH_DEFL_DATA, 0, bomb)) == StubError.TOO_MUCH_DATA
    assert stub.flash.read(0, 4096) == b"\xff" * 4096


def test_a_deflated_file_may_come_in_any_blocks(stub: Host) -> None:
    plain = bytes(range(256)) * 200
    packed = zlib.compress(plain)
    pieces = [packed[start : start + 50] for start in range(0, len(packed), 50)]
    stub.words(Op.FLASH_DEFL_BEGIN, len(plain), len(pieces), 0x4000, 0x2000)
    for sequence, piece in enumerate(pieces):
        stub.block(Op.FLASH_DEFL_DATA, sequence, piece)
    assert stub.words(Op.FLASH_DEFL_END, 1).data == b"\0\0"
    assert stub.flash.read(0x2000, len(plain)) == plain


def test_a_read_streams_what_is_acknowledged_and_ends_with_an_md5(stub: Host) -> None:
    stub.flash.write(0, b"0123456789")
    _answer, first, second = stub.send(request(Op.READ_FLASH, struct.pack("<IIII", 0, 10, 4, 2)))
    assert (first, second) == (b"0123", b"4567")
    assert stub.send(struct.pack("<I", 4)) == [b"89"]
    assert stub.send(struct.pack("<I", 8)) == []
    assert stub.send(struct.pack("<I", 10)) == [hashlib.md5(b"0123456789").digest()]
    assert stub.words(Op.READ_REG, 0x40001000).value == 0x00F01D83


def test_a_host_that_gives_up_on_a_read_is_heard_again(stub: Host) -> None:
    stub.send(request(Op.READ_FLASH, struct.pack("<IIII", 0, 0x10000, 0x1000, 1)))
    assert len(stub.send(request(Op.SYNC, SYNC))) == 8


def test_the_stub_erases_a_region_and_all(stub: Host) -> None:
    stub.flash.write(0, bytes(0x3000))
    stub.words(Op.ERASE_REGION, 0x1000, 0x1000)
    assert stub.flash.read(0, 0x3000) == bytes(0x1000) + b"\xff" * 0x1000 + bytes(0x1000)
    stub.ask(Op.ERASE_FLASH)
    assert stub.flash.snapshot() == b"\xff" * SIZE


def test_the_stub_hands_back_to_the_rom(stub: Host) -> None:
    stub.words(Op.FLASH_BEGIN, 0, 0, 0x4000, 0)
    stub.words(Op.FLASH_END, 0)
    assert not stub.download.in_stub
    assert len(stub.words(Op.READ_REG, 0).data) == 4


def test_run_user_code_answers_nothing_and_leaves(stub: Host) -> None:
    assert stub.send(request(Op.RUN_USER_CODE)) == []
    assert stub.effects == [Effect.RUN]


# -- hostile bytes ------------------------------------------------------------------------------------

packets = st.one_of(
    st.binary(max_size=80),
    st.builds(request, st.sampled_from([*Op, 0, 0xFF]), st.binary(max_size=64), st.integers(0, 0xFFFFFFFF)),
)


@given(st.booleans(), st.sampled_from(Chip), st.lists(packets, max_size=12), st.binary(max_size=40))
def test_no_bytes_make_a_loader_raise(in_stub: bool, chip: Chip, hostile: list[bytes], noise: bytes) -> None:
    host = Host(chip, NorFlash(256 << 10))
    if in_stub:
        host.start_stub()
    for packet in hostile:
        reply = host.download.feed(slip.encode(packet) + noise)
        assert len(reply.out) < 1 << 20
    assert len(host.flash.snapshot()) == 256 << 10
