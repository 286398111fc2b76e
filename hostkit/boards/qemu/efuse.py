"""The eFuses that a QEMU board is given, so that the chip has the MAC of boards.toml. Pure.

The file holds the words of the eFuse controller's read registers: on the ESP32 from BLK0 on (124 bytes), on
the others from RD_WR_DIS on (1024 bytes). Source: Espressif's toolchain documentation, qemu/CHIP,
"Specifying eFuse storage", whose examples set the revision bits in the same way, and each chip's
technical reference manual.
"""

from __future__ import annotations

from hostkit.boards.model import Chip
from hostkit.boards.virtual.registers import mac_bytes, mac_crc8

ESP32_SIZE = 124
SIZE = 1024


def efuse_content(chip: Chip, mac: str) -> bytes:
    """Return the file's content for a MAC such as ``aa:bb:cc:dd:ee:ff``."""
    raw = mac_bytes(mac)
    high, low = int.from_bytes(raw[:2], "big"), int.from_bytes(raw[2:], "big")
    if chip is Chip.ESP32:
        revision_3 = {3: 1 << 15, 5: 1 << 20}  # CHIP_VER_REV1 and CHIP_VER_REV2
        return _words({1: low, 2: mac_crc8(raw) << 16 | high, **revision_3}, ESP32_SIZE)
    minor = 3 if chip is Chip.ESP32C3 else 0  # WAFER_VERSION_MINOR
    return _words({6: low, 7: high, 9: minor << 18}, SIZE)


def _words(words: dict[int, int], size: int) -> bytes:
    content = bytearray(size)
    for number, word in words.items():
        content[number * 4 : number * 4 + 4] = word.to_bytes(4, "little")
    return bytes(content)
