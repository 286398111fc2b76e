"""Genuine ESP application images: read as the boot ROM does, and written so that esptool reads them.

Layout: Espressif, "Firmware Image Format" (esptool documentation) and "App Image Format" (ESP-IDF).
A virtual board's image carries the host executable behind the application description; see
:class:`Payload`.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from hostkit.boards.model import Chip
from hostkit.errors import InvalidError

IMAGE_MAGIC = 0xE9
MAX_SEGMENTS = 16  # ESP_IMAGE_MAX_SEGMENTS of ESP-IDF
CHECKSUM_SEED = 0xEF
APP_MAGIC = 0xABCD5432
APP_DESCRIPTION_SIZE = 256
PAYLOAD_MAGIC = b"HKVP"
PAYLOAD_VERSION = 1
PAYLOAD_HEADER_SIZE = 64
WP_PIN_DISABLED = 0xEE
FLASH_MODE_DIO = 2
FLASH_4MB_40MHZ = 0x20  # high nibble: size, low nibble: frequency

# "<" plus: magic, segments, mode, size and frequency, entry | WP pin, drive x3, chip id, min rev,
# min rev full, max rev full, reserved x4, hash appended
_HEADER = struct.Struct("<BBBBI B3sHBHH4sB")
_SEGMENT = struct.Struct("<II")
_APP = struct.Struct("<II8s32s32s16s16s32s32sHHB3s72s")
_PAYLOAD = struct.Struct("<4sII16s32s4s")
_DIGEST_SIZE = 32

CHIP_IDS = {Chip.ESP32: 0, Chip.ESP32C3: 5, Chip.ESP32S3: 9}
"""``esp_chip_id_t`` of ESP-IDF."""

DROM_BASE = {Chip.ESP32: 0x3F400020, Chip.ESP32C3: 0x3C000020, Chip.ESP32S3: 0x3C000020}
"""Where the first byte of the first segment is mapped: the flash window plus 24 + 8 bytes of headers."""

IRAM_BASE = {Chip.ESP32: 0x40080000, Chip.ESP32C3: 0x4037C000, Chip.ESP32S3: 0x40370000}
"""Start of instruction RAM (esptool's memory maps)."""

_DROM_SPAN = 0x400000


class ImageError(InvalidError):
    """An image that the ROM or the second stage would refuse; the message is in its words."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Bytes and the address they load at. An image holds a multiple of four bytes of each."""

    address: int
    data: bytes


@dataclass(frozen=True, slots=True)
class AppDescription:
    """``esp_app_desc_t``: what an application says of itself.

    ``build_id`` (32 raw bytes) lies in the field ``app_elf_sha256``: 64 digits fit in no text field.
    Text is ASCII: ``version``, ``project`` and ``idf`` up to 31 bytes, ``time`` and ``date`` up to 15.
    """

    version: str
    project: str = "led-controller"
    build_id: bytes = bytes(_DIGEST_SIZE)
    idf: str = "hostkit"
    time: str = ""
    date: str = ""
    secure_version: int = 0


@dataclass(frozen=True, slots=True)
class Payload:
    """The host executable inside a virtual board's image, and the machine it runs on ("x86_64-linux").

    It follows the application description: a 64-byte header (``HKVP``, version 1, length, machine in
    16 bytes, SHA-256, 4 zero bytes), then the executable itself.
    """

    machine: str
    data: bytes


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """The fields of an image header that are not derived from the rest of the image."""

    chip: Chip
    entry: int
    flash_mode: int = FLASH_MODE_DIO
    flash_size_freq: int = FLASH_4MB_40MHZ


@dataclass(frozen=True, slots=True)
class EspImage:
    """A whole, checked image: checksum and SHA-256 were right.

    ``length`` counts all its bytes, the appended hash included; ``sha256`` is that hash (empty for
    an image without one). ``description`` and ``payload`` are None where the image has none.
    """

    header: ImageHeader
    segments: tuple[Segment, ...]
    checksum: int
    sha256: bytes
    length: int
    description: AppDescription | None
    payload: Payload | None

    @property
    def chip(self) -> Chip:
        """The chip that the image was made for."""
        return self.header.chip


def pack_image(header: ImageHeader, segments: Iterable[Segment]) -> bytes:
    """Return an image of these segments (padded to four bytes with zeros), with checksum and SHA-256.

    Raises :class:`ValueError` for more than 16 segments or none.
    """
    padded = [Segment(part.address, part.data + bytes(-len(part.data) % 4)) for part in segments]
    if not 1 <= len(padded) <= MAX_SEGMENTS:
        raise ValueError(f"an image has 1 to {MAX_SEGMENTS} segments, not {len(padded)}")
    image = bytearray(_pack_header(header, len(padded)))
    for part in padded:
        image += _SEGMENT.pack(part.address, len(part.data)) + part.data
    image += bytes(15 - len(image) % 16)  # the checksum is the last byte of a 16-byte line
    image.append(_checksum(padded))
    return bytes(image) + hashlib.sha256(image).digest()


def pack_application(chip: Chip, description: AppDescription, payload: Payload) -> bytes:
    """Return the image of a virtual board: description and payload in DROM, a stub in IRAM to enter."""
    drom = Segment(DROM_BASE[chip], pack_description(description) + _pack_payload(payload))
    iram = Segment(IRAM_BASE[chip], bytes(16))
    return pack_image(ImageHeader(chip, entry=IRAM_BASE[chip]), (drom, iram))


def pack_description(description: AppDescription) -> bytes:
    """Return the 256 bytes of ``esp_app_desc_t``. Raises :class:`ValueError` for text that does not fit."""
    if len(description.build_id) != _DIGEST_SIZE:
        raise ValueError(f"a build id has {_DIGEST_SIZE} bytes, not {len(description.build_id)}")
    return _APP.pack(
        APP_MAGIC,
        description.secure_version,
        b"",
        _field(description.version, 32),
        _field(description.project, 32),
        _field(description.time, 16),
        _field(description.date, 16),
        _field(description.idf, 32),
        description.build_id,
        *(0, 0xFFFF, 0, b"", b""),  # any eFuse block revision; default MMU page; reserved
    )


def parse_image(
    data: bytes, *, chip: Chip | None = None, partition_length: int | None = None, require_hash: bool = True
) -> EspImage:
    """Read an image that starts at ``data[0]``; whatever follows it (erased flash) is not looked at.

    ``chip``: refuse an image for another one. ``partition_length`` (bytes): what it must fit in,
    by default the length of ``data``. An image without a hash is refused unless ``require_hash`` is
    False (silicon without secure boot would start it). Raises :class:`ImageError`.
    """
    header, count, hashed = _parse_header(data)
    if chip is not None and header.chip is not chip:
        raise _bad(f"mismatch chip ID, expected {CHIP_IDS[chip]}, found {CHIP_IDS[header.chip]}")
    room = len(data) if partition_length is None else min(partition_length, len(data))
    segments, end = _parse_segments(data, count, room)
    checked = end + 16 - end % 16
    length = checked + (_DIGEST_SIZE if hashed else 0)
    _fits(length, room)
    _verify(data, segments, checked, hashed=hashed)
    if require_hash and not hashed:
        raise _bad("image has no SHA-256 appended")
    description, payload = _parse_application(header.chip, segments)
    return EspImage(
        header, segments, data[checked - 1], bytes(data[checked:length]), length, description, payload
    )


def _bad(message: str) -> ImageError:
    return ImageError(message, hint="build and flash the firmware again")


def _fits(length: int, room: int) -> None:
    if length > room:
        raise _bad(f"Image length {length} doesn't fit in partition length {room}")


def _field(text: str, size: int) -> bytes:
    raw = text.encode("ascii")
    if len(raw) >= size or "\0" in text:
        raise ValueError(f"{text!r} does not fit in {size - 1} bytes of text")
    return raw


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("ascii", "replace")


def _checksum(segments: Iterable[Segment]) -> int:
    """XOR of all segment bytes, by folding one big integer in half: a loop over 1 MB takes 60 ms."""
    total = CHECKSUM_SEED
    for part in segments:
        size, value = len(part.data), int.from_bytes(part.data, "little")
        while size > 1:
            size = (size + 1) // 2
            value = (value >> 8 * size) ^ (value & ((1 << 8 * size) - 1))
        total ^= value
    return total


def _pack_header(header: ImageHeader, count: int) -> bytes:
    chip_id = CHIP_IDS[header.chip]
    first = (IMAGE_MAGIC, count, header.flash_mode, header.flash_size_freq, header.entry)
    return _HEADER.pack(*first, WP_PIN_DISABLED, b"", chip_id, 0, 0, 0xFFFF, b"", 1)


def _pack_payload(payload: Payload) -> bytes:
    digest = hashlib.sha256(payload.data).digest()
    machine = _field(payload.machine, 16)
    head = (PAYLOAD_MAGIC, PAYLOAD_VERSION, len(payload.data), machine, digest, b"")
    return _PAYLOAD.pack(*head) + payload.data


def _parse_header(data: bytes) -> tuple[ImageHeader, int, bool]:
    if len(data) < _HEADER.size or data[0] != IMAGE_MAGIC:
        word = int.from_bytes(data[:4].ljust(4, b"\xff"), "little")
        raise _bad(f"invalid header: 0x{word:08x}")
    _, count, mode, size_freq, entry, _, _, chip_id, _, _, _, _, hashed = _HEADER.unpack_from(data)
    if count == 0 or count > MAX_SEGMENTS:
        raise _bad(f"image segment count {count} exceeds max {MAX_SEGMENTS}" if count else "image is empty")
    chip = next((chip for chip, number in CHIP_IDS.items() if number == chip_id), None)
    if chip is None:
        raise _bad(f"mismatch chip ID, found unknown {chip_id}")
    if hashed > 1:
        raise _bad(f"invalid hash flag {hashed} in image header")
    return ImageHeader(chip, entry, mode, size_freq), count, bool(hashed)


def _parse_segments(data: bytes, count: int, room: int) -> tuple[tuple[Segment, ...], int]:
    segments: list[Segment] = []
    offset = _HEADER.size
    for number in range(count):
        _fits(offset + _SEGMENT.size, room)
        address, size = _SEGMENT.unpack_from(data, offset)
        offset += _SEGMENT.size
        if size % 4:
            raise _bad(f"segment {number}: unaligned segment length 0x{size:x}")
        _fits(offset + size, room)
        segments.append(Segment(address, bytes(data[offset : offset + size])))
        offset += size
    return tuple(segments), offset


def _verify(data: bytes, segments: tuple[Segment, ...], checked: int, *, hashed: bool) -> None:
    calculated, stored = _checksum(segments), data[checked - 1]
    if calculated != stored:
        raise _bad(f"Checksum failed. Calculated 0x{calculated:x} read 0x{stored:x}")
    if hashed:
        digest = hashlib.sha256(memoryview(data)[:checked]).digest()
        expected = bytes(data[checked : checked + _DIGEST_SIZE])
        if digest != expected:
            raise _bad(f"SHA-256 comparison failed:\nCalculated: {digest.hex()}\nExpected: {expected.hex()}")


def _parse_application(
    chip: Chip, segments: tuple[Segment, ...]
) -> tuple[AppDescription | None, Payload | None]:
    base = DROM_BASE[chip] & ~0xFFFF
    drom = next((part.data for part in segments if base <= part.address < base + _DROM_SPAN), b"")
    if len(drom) < APP_DESCRIPTION_SIZE:
        return None, None
    magic, secure, _, version, project, time, date, idf, build_id, *_ = _APP.unpack_from(drom)
    if magic != APP_MAGIC:
        return None, None
    texts = (_text(version), _text(project), build_id, _text(idf), _text(time), _text(date))
    return AppDescription(*texts, secure), _parse_payload(drom)


def _parse_payload(drom: bytes) -> Payload | None:
    start = APP_DESCRIPTION_SIZE + PAYLOAD_HEADER_SIZE
    if len(drom) < start or drom[APP_DESCRIPTION_SIZE : APP_DESCRIPTION_SIZE + 4] != PAYLOAD_MAGIC:
        return None
    _, version, size, machine, digest, _ = _PAYLOAD.unpack_from(drom, APP_DESCRIPTION_SIZE)
    if version != PAYLOAD_VERSION:
        raise _bad(f"payload version {version} is not {PAYLOAD_VERSION}")
    payload = drom[start : start + size]
    if len(payload) != size or hashlib.sha256(payload).digest() != digest:
        raise _bad("SHA-256 comparison failed in payload")
    return Payload(_text(machine), payload)
