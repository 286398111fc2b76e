"""ESP images and partition tables: packed, read back, damaged."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.boards.image import (
    DROM_BASE,
    IRAM_BASE,
    AppDescription,
    ImageError,
    ImageHeader,
    Payload,
    Segment,
    pack_application,
    pack_description,
    pack_image,
    parse_image,
)
from hostkit.boards.model import Chip
from hostkit.boards.partitions import (
    DEFAULT_PARTITIONS,
    TABLE_SIZE,
    Partition,
    PartitionError,
    pack_partitions,
    parse_partitions,
)
from hostkit.errors import ExitCode

DESCRIPTION = AppDescription("1.2.3", build_id=bytes(range(32)))
PAYLOAD = Payload("x86_64-linux", b"\x7fELF" + bytes(range(256)) * 3 + b"odd")
IMAGE = pack_application(Chip.ESP32, DESCRIPTION, PAYLOAD)

ascii_text = st.text(st.characters(min_codepoint=32, max_codepoint=126))
segments = st.builds(
    Segment,
    st.integers(0x4000_0000, 0x4009_FFFF),
    st.binary(max_size=64).map(lambda data: data + bytes(-len(data) % 4)),
)


@given(
    chip=st.sampled_from(Chip),
    entry=st.integers(0, 2**32 - 1),
    parts=st.lists(segments, min_size=1, max_size=16),
    tail=st.binary(max_size=40),
)
def test_what_was_packed_is_what_is_read(chip: Chip, entry: int, parts: list[Segment], tail: bytes) -> None:
    header = ImageHeader(chip, entry)
    packed = pack_image(header, parts)
    image = parse_image(packed + tail)
    assert (image.header, list(image.segments), image.length) == (header, parts, len(packed))
    assert image.sha256 == packed[-32:]
    assert len(packed) % 16 == 0


@given(
    version=ascii_text.filter(lambda text: len(text) < 32),
    date=ascii_text.filter(lambda text: len(text) < 16),
    build_id=st.binary(min_size=32, max_size=32),
    payload=st.binary(max_size=200),
    chip=st.sampled_from(Chip),
)
def test_description_and_payload_survive_the_image(
    version: str, date: str, build_id: bytes, payload: bytes, chip: Chip
) -> None:
    description = AppDescription(version, date=date, build_id=build_id, secure_version=7)
    carried = Payload("aarch64-linux", payload)
    image = parse_image(pack_application(chip, description, carried), chip=chip)
    assert image.description == description
    assert image.payload == carried
    assert image.chip is chip
    assert image.segments[0].address == DROM_BASE[chip]
    assert image.header.entry == IRAM_BASE[chip]


@given(bit=st.integers(0, len(IMAGE) * 8 - 1))
def test_any_flipped_bit_is_noticed(bit: int) -> None:
    damaged = bytearray(IMAGE)
    damaged[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ImageError):
        parse_image(bytes(damaged))


@given(st.binary(max_size=200))
def test_noise_is_refused_with_an_image_error(noise: bytes) -> None:
    with pytest.raises(ImageError):
        parse_image(b"\xe9\x01" + noise)


@given(cut=st.integers(0, len(IMAGE) - 1))
def test_a_cut_image_is_refused(cut: int) -> None:
    with pytest.raises(ImageError, match=r"invalid header|doesn't fit in partition length"):
        parse_image(IMAGE[:cut])


def test_erased_flash_is_an_invalid_header() -> None:
    with pytest.raises(ImageError) as caught:
        parse_image(b"\xff" * 4096)
    assert caught.value.message == "invalid header: 0xffffffff"
    assert caught.value.hint == "build and flash the firmware again"
    assert caught.value.exit_code is ExitCode.INVALID


def test_no_bytes_at_all_are_an_invalid_header() -> None:
    with pytest.raises(ImageError, match="invalid header: 0xffffffff"):
        parse_image(b"")


def test_a_damaged_segment_fails_the_checksum() -> None:
    damaged = bytearray(IMAGE)
    damaged[400] ^= 0x10
    stored = IMAGE[-33]
    with pytest.raises(ImageError) as caught:
        parse_image(bytes(damaged))
    assert caught.value.message == f"Checksum failed. Calculated 0x{stored ^ 0x10:x} read 0x{stored:x}"


def test_a_damaged_header_fails_the_hash() -> None:
    damaged = bytearray(IMAGE)
    damaged[4] ^= 1
    with pytest.raises(ImageError, match=r"SHA-256 comparison failed:\nCalculated: .*\nExpected: "):
        parse_image(bytes(damaged))


def test_an_image_must_fit_its_partition() -> None:
    with pytest.raises(ImageError) as caught:
        parse_image(IMAGE, partition_length=len(IMAGE) - 1)
    assert caught.value.message == (
        f"Image length {len(IMAGE)} doesn't fit in partition length {len(IMAGE) - 1}"
    )
    assert parse_image(IMAGE, partition_length=len(IMAGE)).length == len(IMAGE)


def test_a_segment_that_claims_four_gigabytes_does_not_fit() -> None:
    damaged = bytearray(IMAGE)
    struct.pack_into("<I", damaged, 28, 0xFFFF_FFFC)
    with pytest.raises(ImageError, match="doesn't fit in partition length"):
        parse_image(bytes(damaged))


def test_another_chip_is_refused() -> None:
    with pytest.raises(ImageError, match="mismatch chip ID, expected 9, found 0"):
        parse_image(IMAGE, chip=Chip.ESP32S3)


def test_an_unaligned_segment_is_refused() -> None:
    damaged = bytearray(IMAGE)
    struct.pack_into("<I", damaged, 28, 3)
    with pytest.raises(ImageError, match="unaligned segment length 0x3"):
        parse_image(bytes(damaged))


@pytest.mark.parametrize(
    ("offset", "value", "words"),
    [
        (1, 17, "image segment count 17 exceeds max 16"),
        (1, 0, "image is empty"),
        (12, 77, "mismatch chip ID, found unknown 77"),
        (23, 2, "invalid hash flag 2"),
        (23, 0, "image has no SHA-256 appended"),
    ],
)
def test_each_header_defect_has_its_own_words(offset: int, value: int, words: str) -> None:
    damaged = bytearray(IMAGE)
    damaged[offset] = value
    with pytest.raises(ImageError, match=words):
        parse_image(bytes(damaged))


def test_an_image_without_a_hash_is_read_when_asked_for() -> None:
    unhashed = bytearray(IMAGE[:-32])
    unhashed[23] = 0
    image = parse_image(bytes(unhashed), require_hash=False)
    assert image.sha256 == b""
    assert image.payload == PAYLOAD


def test_an_image_without_description_has_no_payload() -> None:
    image = parse_image(pack_image(ImageHeader(Chip.ESP32, 0), [Segment(0x4008_0000, bytes(512))]))
    assert (image.description, image.payload) == (None, None)


def test_a_description_without_payload_is_a_firmware_for_silicon() -> None:
    drom = Segment(DROM_BASE[Chip.ESP32], pack_description(DESCRIPTION) + bytes(128))
    image = parse_image(pack_image(ImageHeader(Chip.ESP32, 0), [drom]))
    assert (image.description, image.payload) == (DESCRIPTION, None)


@pytest.mark.parametrize("position", [256 + 4, 256 + 8, 256 + 30, 256 + 64])
def test_a_payload_that_is_not_what_its_header_says_is_refused(position: int) -> None:
    drom = bytearray(parse_image(IMAGE).segments[0].data)
    drom[position] ^= 0x40
    with pytest.raises(ImageError, match="payload"):
        parse_image(pack_image(ImageHeader(Chip.ESP32, 0), [Segment(DROM_BASE[Chip.ESP32], bytes(drom))]))


def test_text_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit in 31 bytes"):
        pack_description(AppDescription("v" * 32))
    with pytest.raises(ValueError, match="a build id has 32 bytes, not 3"):
        pack_description(AppDescription("v", build_id=b"abc"))
    with pytest.raises(ValueError, match="1 to 16 segments, not 0"):
        pack_image(ImageHeader(Chip.ESP32, 0), [])


@pytest.mark.parametrize("chip", [Chip.ESP32, Chip.ESP32C3, Chip.ESP32S3])
def test_esptool_reads_the_image_and_finds_it_valid(tmp_path: Path, chip: Chip) -> None:
    path = tmp_path / "app.bin"
    path.write_bytes(pack_application(chip, DESCRIPTION, PAYLOAD))
    command = [sys.executable, "-m", "esptool", "--chip", chip.value, "image-info", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for line in (
        f"Checksum: {parse_image(path.read_bytes()).checksum:#04x} (valid)",
        "Project name: led-controller",
        "App version: 1.2.3",
        f"ELF file SHA256: {bytes(range(32)).hex()}",
        "ESP-IDF: hostkit",
        "Flash size: 4MB",
        "Flash mode: DIO",
    ):
        assert line in done.stdout
    assert f"Validation hash: {path.read_bytes()[-32:].hex()} (valid)" in done.stdout
    assert "Warning" not in done.stdout


names = ascii_text.filter(lambda text: 0 < len(text) < 16)
partitions = st.builds(
    Partition,
    names,
    st.integers(0, 0xFE),
    st.integers(0, 0xFF),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(0, 3),
)


@given(st.lists(partitions, min_size=1, max_size=95))
def test_a_table_is_read_as_it_was_packed(table: list[Partition]) -> None:
    packed = pack_partitions(table)
    assert len(packed) == TABLE_SIZE
    assert list(parse_partitions(packed + b"trailing")) == table


@given(bit=st.integers(0, (len(DEFAULT_PARTITIONS) + 1) * 32 * 8 - 1))
def test_any_flipped_bit_of_a_table_is_noticed(bit: int) -> None:
    damaged = bytearray(pack_partitions(DEFAULT_PARTITIONS))
    damaged[bit // 8] ^= 1 << bit % 8
    with pytest.raises(PartitionError):
        parse_partitions(bytes(damaged))


def test_the_default_table_is_the_one_of_the_virtual_board() -> None:
    table = pack_partitions(DEFAULT_PARTITIONS)
    assert table[:32] == b"\xaa\x50\x01\x02" + struct.pack("<II", 0x9000, 0x6000) + b"nvs".ljust(20, b"\0")
    assert table[96:98] == b"\xeb\xeb"
    assert DEFAULT_PARTITIONS[-1].end == 0x310000


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff" * TABLE_SIZE, "partition 0 invalid magic number 0xffff"),
        (b"", "no terminating entry"),
        (pack_partitions(DEFAULT_PARTITIONS)[:96] + b"\xff" * 64, "No MD5 found"),
        (pack_partitions(DEFAULT_PARTITIONS)[:96], "no terminating entry"),
    ],
)
def test_each_table_defect_has_its_own_words(data: bytes, words: str) -> None:
    with pytest.raises(PartitionError, match=words) as caught:
        parse_partitions(data)
    assert caught.value.hint == "flash the partition table again"


def test_a_partition_beyond_the_flash_is_refused() -> None:
    table = pack_partitions(DEFAULT_PARTITIONS)
    with pytest.raises(PartitionError, match="exceeds flash chip size 0x200000"):
        parse_partitions(table, flash_size=2 << 20)
    assert parse_partitions(table, flash_size=4 << 20) == DEFAULT_PARTITIONS


def test_a_table_that_cannot_be_packed_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 95 rows, not 96"):
        pack_partitions([DEFAULT_PARTITIONS[0]] * 96)
    with pytest.raises(ValueError, match="not a partition name"):
        pack_partitions([Partition("much too long a name", 0, 0, 0, 0)])
