"""A small client of the loader in the chip's mask ROM: it reads, it never writes flash.

Written from Espressif's "Serial Protocol" documentation and the chips' technical reference manuals. It
costs milliseconds where a start of esptool costs half a second; the write itself is always esptool's.
"""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass

from hostkit.boards import slip
from hostkit.boards.loader_protocol import SYNC_DATA, Op, Response, parse_response, request
from hostkit.boards.model import Chip
from hostkit.build.model import Artifact
from hostkit.clock import Clock
from hostkit.errors import InconclusiveError, InvalidError, ToolError
from hostkit.flash.model import ChipIdentity, ReadBackBy
from hostkit.link.transport import Transport

_STATUS_BYTES = 4  # of a ROM reply on every ESP32: failed, error, two reserved
_REPLY_S = 3.0
_SYNC_EVERY_S = 0.1
_MD5_S_PER_MIB = 8.0  # Espressif's own allowance for the ROM's MD5
_MAGIC_ADDRESS = 0x40001000
_ESP32_MAGIC = 0x00F01D83
_RDID = 0x9F  # JEDEC: read manufacturer, type, capacity
_CMD_USR = 1 << 18
_USR_COMMAND, _USR_MISO = 1 << 31, 1 << 28
_ALL = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class _Map:
    """Addresses of one chip: eFuse words of the MAC, and the SPI1 controller (base, then offsets)."""

    mac_low: int
    mac_high: int
    spi: int
    user: int
    user2: int
    miso_bits: int
    data: int


_MAPS = {
    Chip.ESP32: _Map(0x3FF5A004, 0x3FF5A008, 0x3FF42000, 0x1C, 0x24, 0x2C, 0x80),
    Chip.ESP32S3: _Map(0x60007044, 0x60007048, 0x60002000, 0x18, 0x20, 0x28, 0x58),
    Chip.ESP32C3: _Map(0x60008844, 0x60008848, 0x60002000, 0x18, 0x20, 0x28, 0x58),
}
_BY_IMAGE_ID = {5: Chip.ESP32C3, 9: Chip.ESP32S3}


class RomRefusedError(ToolError):
    """The ROM answered a command with an error."""


class RomClient:
    """Talks to the ROM loader over an open transport that the caller closes."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        """Send nothing yet."""
        self._transport = transport
        self._clock = clock
        self._decoder = slip.Decoder()
        self._replies: deque[bytes] = deque()

    def connect(self, timeout_s: float) -> None:
        """Send SYNC until the ROM answers.

        Raises :class:`InconclusiveError` when it does not within ``timeout_s``.
        """
        deadline_ns = self._clock.monotonic_ns() + round(timeout_s * 1e9)
        while self._clock.monotonic_ns() < deadline_ns:
            self._send(Op.SYNC, SYNC_DATA)
            if self._reply(Op.SYNC, _SYNC_EVERY_S) is not None:
                return
        raise InconclusiveError(
            f"the ROM loader on {self._transport.name} did not answer within {timeout_s:.1f} s",
            hint="is the board in download mode? reset it: `hostkit boards reset NAME`",
        )

    def identify(self) -> ChipIdentity:
        """Ask for chip, MAC and flash size. Raises :class:`InvalidError` for an unknown chip."""
        chip = self._chip()
        where = _MAPS[chip]
        low, high = self.read_register(where.mac_low), self.read_register(where.mac_high)
        mac = (high & 0xFFFF).to_bytes(2, "big") + low.to_bytes(4, "big")
        self._call(Op.SPI_ATTACH, bytes(8))
        return ChipIdentity(chip, mac.hex(":"), self._flash_size(where))

    def md5(self, offset: int, size: int) -> str:
        """Return the MD5 of flash contents as the ROM computes it, lower-case hex."""
        self._call(Op.SPI_ATTACH, bytes(8))
        allowed_s = _REPLY_S + _MD5_S_PER_MIB * size / (1 << 20)
        _, data = self._call(Op.SPI_FLASH_MD5, struct.pack("<4I", offset, size, 0, 0), allowed_s)
        digest = data[:32].decode("ascii", errors="replace").lower()
        if len(digest) != 32 or digest.strip("0123456789abcdef"):
            raise ToolError(
                f"the ROM loader gave {digest!r} where an MD5 belongs",
                hint="flash again; if it stays, report it",
            )
        return digest

    def change_baud(self, baud: int) -> None:
        """Let the ROM talk at another speed from now on; the caller opens the port anew at that speed."""
        self._call(Op.CHANGE_BAUDRATE, struct.pack("<2I", baud, 0))

    def read_register(self, address: int) -> int:
        """Return one 32-bit register."""
        value, _ = self._call(Op.READ_REG, struct.pack("<I", address))
        return value

    def write_register(self, address: int, value: int) -> None:
        """Set one 32-bit register."""
        self._call(Op.WRITE_REG, struct.pack("<4I", address, value, _ALL, 0))

    def _chip(self) -> Chip:
        try:
            _, data = self._call(Op.GET_SECURITY_INFO, b"")
        except RomRefusedError:  # the ESP32's ROM is older than this command
            magic = self.read_register(_MAGIC_ADDRESS)
            if magic == _ESP32_MAGIC:
                return Chip.ESP32
            raise self._unknown(f"magic {magic:#010x}") from None
        image_id = int.from_bytes(data[12:16], "little")
        if image_id not in _BY_IMAGE_ID:
            raise self._unknown(f"id {image_id}")
        return _BY_IMAGE_ID[image_id]

    def _unknown(self, what: str) -> InvalidError:
        known = ", ".join(chip.value for chip in Chip)
        return InvalidError(
            f"{self._transport.name} has a chip that hostkit does not know ({what})", hint=f"it knows {known}"
        )

    def _flash_size(self, where: _Map) -> int:
        """Run RDID on the flash through the SPI controller; the third byte is log2 of the size."""
        self.write_register(where.spi + where.user, _USR_COMMAND | _USR_MISO)
        self.write_register(where.spi + where.user2, 7 << 28 | _RDID)
        self.write_register(where.spi + where.miso_bits, 24 - 1)
        self.write_register(where.spi + where.data, 0)
        self.write_register(where.spi, _CMD_USR)
        for _ in range(10):
            if not self.read_register(where.spi) & _CMD_USR:
                break
        jedec = self.read_register(where.spi + where.data) & 0xFFFFFF
        capacity = jedec >> 16
        if not 0x12 <= capacity <= 0x1B:  # 256 KiB to 128 MiB
            raise InvalidError(
                f"the flash on {self._transport.name} says {jedec:06x} for its id: its size is unknown",
                hint="look at the flash chip and its wiring",
            )
        return 1 << capacity

    def _call(self, command: Op, data: bytes, timeout_s: float = _REPLY_S) -> tuple[int, bytes]:
        """Return value and data of the reply; raise for an error or for silence."""
        self._send(command, data)
        reply = self._reply(command, timeout_s)
        if reply is None:
            raise InconclusiveError(
                f"the ROM loader on {self._transport.name} did not answer {command.name} "
                f"within {timeout_s:.1f} s",
                hint="look at the cable; reset the board and try again",
            )
        body, status = reply.data[:-_STATUS_BYTES], reply.data[-_STATUS_BYTES:]
        if status[0]:
            raise RomRefusedError(
                f"the ROM loader on {self._transport.name} refused {command.name} (error {status[1]:#04x})",
                hint="reset the board and try again",
            )
        return reply.value, body

    def _send(self, command: Op, data: bytes) -> None:
        self._transport.write(slip.encode(request(command, data)))

    def _reply(self, command: Op, timeout_s: float) -> Response | None:
        """Return the next reply to ``command``; others (SYNC is answered eight times) are passed over."""
        deadline_ns = self._clock.monotonic_ns() + round(timeout_s * 1e9)
        while True:
            while self._replies:
                reply = parse_response(self._replies.popleft())
                if reply is not None and reply.op == command and len(reply.data) >= _STATUS_BYTES:
                    return reply
            left_ns = deadline_ns - self._clock.monotonic_ns()
            if left_ns <= 0:
                return None
            self._replies.extend(self._decoder.feed(self._transport.read(left_ns / 1e9)))


@dataclass(frozen=True, slots=True)
class RomInspector:
    """Identity and read-back through the ROM, for boards whose boot mode hostkit controls itself."""

    client: RomClient
    by: ReadBackBy = ReadBackBy.ROM

    def identify(self) -> ChipIdentity:
        """Return what the chip says of itself."""
        return self.client.identify()

    def read_back(self, artifact: Artifact) -> tuple[str, ...]:
        """Return the MD5 of each region of the artifact, in the artifact's order, from the chip's flash."""
        return tuple(self.client.md5(image.offset, image.size) for image in artifact.images)
