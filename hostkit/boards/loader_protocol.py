"""Espressif's serial loader protocol: opcodes, error codes, requests and responses. Pure.

Source: Espressif's "Serial Protocol" page in esptool's documentation.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

_HEADER = struct.Struct("<BBHI")
_REQUEST, _RESPONSE = 0, 1
CHECKSUM_SEED = 0xEF

SYNC_DATA = b"\x07\x07\x12\x20" + 32 * b"\x55"
"""What SYNC carries: a mark, then a pattern by which the loader finds the baud rate."""


class Op(IntEnum):
    """Opcodes of the ROM loader, and from 0xD0 those that only the flasher stub knows."""

    FLASH_BEGIN = 0x02
    FLASH_DATA = 0x03
    FLASH_END = 0x04
    MEM_BEGIN = 0x05
    MEM_END = 0x06
    MEM_DATA = 0x07
    SYNC = 0x08
    WRITE_REG = 0x09
    READ_REG = 0x0A
    SPI_SET_PARAMS = 0x0B
    SPI_ATTACH = 0x0D
    READ_FLASH_SLOW = 0x0E
    CHANGE_BAUDRATE = 0x0F
    FLASH_DEFL_BEGIN = 0x10
    FLASH_DEFL_DATA = 0x11
    FLASH_DEFL_END = 0x12
    SPI_FLASH_MD5 = 0x13
    GET_SECURITY_INFO = 0x14
    ERASE_FLASH = 0xD0
    ERASE_REGION = 0xD1
    READ_FLASH = 0xD2
    RUN_USER_CODE = 0xD3


class RomError(IntEnum):
    """Second status byte of a failed ROM command; the first is 1."""

    INVALID_MESSAGE = 0x05
    FAILED_TO_ACT = 0x06
    INVALID_CHECKSUM = 0x07
    FLASH_WRITE = 0x08
    FLASH_READ = 0x09
    FLASH_READ_LENGTH = 0x0A
    DEFLATE = 0x0B


class StubError(IntEnum):
    """First status byte of a failed stub command; the second is 0."""

    BAD_DATA_LEN = 0xC0
    BAD_DATA_CHECKSUM = 0xC1
    BAD_BLOCKSIZE = 0xC2
    INVALID_COMMAND = 0xC3
    FAILED_SPI_OP = 0xC4
    NOT_IN_FLASH_MODE = 0xC6
    INFLATE_ERROR = 0xC7
    NOT_ENOUGH_DATA = 0xC8
    TOO_MUCH_DATA = 0xC9
    NOT_IMPLEMENTED = 0xFF


@dataclass(frozen=True, slots=True)
class Request:
    """One command from the host: opcode (perhaps one that nobody knows), checksum field and data."""

    op: int
    checksum: int
    data: bytes


def parse_request(packet: bytes) -> Request | None:
    """Return the request in a SLIP packet, or None when it is none (too short, wrong way, wrong length)."""
    if len(packet) < _HEADER.size:
        return None
    direction, op, size, check = _HEADER.unpack_from(packet)
    data = packet[_HEADER.size :]
    if direction != _REQUEST or len(data) != size:
        return None
    return Request(op, check, data)


def request(op: int, data: bytes = b"", checksum: int = 0) -> bytes:
    """Return a request packet, as a host makes it."""
    return _HEADER.pack(_REQUEST, op, len(data), checksum) + data


@dataclass(frozen=True, slots=True)
class Response:
    """One answer as the host sees it: opcode, value, and the data with the status bytes at its end."""

    op: int
    value: int
    data: bytes


def parse_response(packet: bytes) -> Response | None:
    """Return the response in a SLIP packet, or None when it is not one."""
    if len(packet) < _HEADER.size or packet[0] != _RESPONSE:
        return None
    _, op, size, value = _HEADER.unpack_from(packet)
    data = packet[_HEADER.size :]
    return Response(op, value, data) if len(data) == size else None


def response(op: int, value: int, data: bytes, status: bytes) -> bytes:
    """Return a response packet; ``status`` is what the loader ends its data with."""
    body = data + status
    return _HEADER.pack(_RESPONSE, op, len(body), value & 0xFFFFFFFF) + body


def checksum(data: bytes) -> int:
    """Return the XOR of all bytes with 0xEF, by folding big integers: 16 KiB cost some microseconds."""
    value = int.from_bytes(data, "little")
    length = len(data)
    while length > 1:
        half = (length + 1) // 2
        value = (value & ((1 << 8 * half) - 1)) ^ (value >> 8 * half)
        length = half
    return value ^ CHECKSUM_SEED


def words(data: bytes, count: int) -> tuple[int, ...] | None:
    """Return the first ``count`` little-endian words of ``data``, or None when it is too short."""
    if len(data) < 4 * count:
        return None
    return struct.unpack_from(f"<{count}I", data)
