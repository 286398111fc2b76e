"""What a host reads from a chip's registers: who it is, its eFuses, its SPI flash through USR commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hostkit.boards.model import Chip
from hostkit.boards.virtual.flash import NorFlash

MAGIC_ADDRESS = 0x40001000
"""A word of the mask ROM that differs from chip to chip; esptool tells older chips apart by it."""

_KEPT = 4096  # written registers remembered; a hostile host must not fill memory
_XTAL_HZ = 40_000_000
_WORD = 0xFFFFFFFF

_CMD_USR = 1 << 18
_USR_MISO = 1 << 28
_WDT_ENABLE = 1 << 31


@dataclass(frozen=True, slots=True)
class ChipFacts:
    """One chip's addresses and constants. Source: its technical reference manual, and esptool's targets."""

    magic: int
    image_id: int
    title: str
    has_security_info: bool
    spi_base: int
    spi_usr: int
    spi_usr2: int
    spi_miso_dlen: int
    spi_w0: int
    address_msb_first: bool
    uart_clkdiv: int
    strap: int
    wdt_config0: int
    wdt_protect: int


FACTS: dict[Chip, ChipFacts] = {
    Chip.ESP32: ChipFacts(
        magic=0x00F01D83,
        image_id=0,
        title="ESP32",
        has_security_info=False,
        spi_base=0x3FF42000,
        spi_usr=0x1C,
        spi_usr2=0x24,
        spi_miso_dlen=0x2C,
        spi_w0=0x80,
        address_msb_first=True,
        uart_clkdiv=0x3FF40014,
        strap=0x3FF44038,
        wdt_config0=0x3FF4808C,
        wdt_protect=0x3FF480A4,
    ),
    Chip.ESP32S3: ChipFacts(
        magic=0x00000009,
        image_id=9,
        title="ESP32-S3",
        has_security_info=True,
        spi_base=0x60002000,
        spi_usr=0x18,
        spi_usr2=0x20,
        spi_miso_dlen=0x28,
        spi_w0=0x58,
        address_msb_first=False,
        uart_clkdiv=0x60000014,
        strap=0x60004038,
        wdt_config0=0x60008098,
        wdt_protect=0x600080B0,
    ),
    Chip.ESP32C3: ChipFacts(
        magic=0x1B31506F,
        image_id=5,
        title="ESP32-C3",
        has_security_info=True,
        spi_base=0x60002000,
        spi_usr=0x18,
        spi_usr2=0x20,
        spi_miso_dlen=0x28,
        spi_w0=0x58,
        address_msb_first=False,
        uart_clkdiv=0x60000014,
        strap=0x60004038,
        wdt_config0=0x60008090,
        wdt_protect=0x600080A8,
    ),
}


def mac_bytes(mac: str) -> bytes:
    """Return the six bytes of ``aa:bb:cc:dd:ee:ff``. Raises :class:`ValueError` for anything else."""
    raw = bytes.fromhex(mac.replace(":", ""))
    if len(raw) != 6:
        raise ValueError(f"{mac!r} is not a MAC address")
    return raw


def mac_crc8(raw: bytes) -> int:
    """The CRC-8 (Maxim) that Espressif burns beside the MAC."""
    crc = 0
    for byte in raw:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8C if crc & 1 else 0)
    return crc


def _efuses(chip: Chip, mac: str) -> dict[int, int]:
    """eFuse words: the MAC, and revision words of a current part (ESP32 v3.1, S3 v0.2, C3 v0.4)."""
    raw = mac_bytes(mac)
    high, low = int.from_bytes(raw[:2], "big"), int.from_bytes(raw[2:], "big")
    if chip is Chip.ESP32:
        base = 0x3FF5A000
        return {
            base + 0x04: low,
            base + 0x08: mac_crc8(raw) << 16 | high,
            base + 0x0C: 1 << 15 | 1 << 13 | 1 << 9,  # revision bit 0, rated 240 MHz, package D0WD
            base + 0x10: 128,  # CK8M_FREQ: with the calibration below it says 40 MHz exactly
            base + 0x14: 1 << 24 | 1 << 20,  # minor 1, revision bit 1
            0x3FF6607C: 1 << 31,  # APB_CTL_DATE: revision bit 2
            0x3FF5F06C: 800 << 7,  # RTCCALICFG1: 800 * 15625 * 128 / 40 = 40 MHz
        }
    base = 0x60007000 if chip is Chip.ESP32S3 else 0x60008800
    minor = 2 if chip is Chip.ESP32S3 else 4
    return {base + 0x44: low, base + 0x48: high, base + 0x50: minor << 18 | 3 << 24}


class Registers:
    """The register file of one chip with one flash attached. ``baud`` says what the UART runs at now."""

    def __init__(self, chip: Chip, mac: str, flash: NorFlash, baud: Callable[[], int]) -> None:
        """Make the registers as they are after reset into download mode."""
        self.facts = FACTS[chip]
        self._flash = flash
        self._baud = baud
        self._fixed = {MAGIC_ADDRESS: self.facts.magic, **_efuses(chip, mac)}
        self._written: dict[int, int] = {}
        self.watchdog_fired = False
        """True once a host armed the RTC watchdog and locked it again: the chip resets itself then."""

    def read(self, address: int) -> int:
        """Return a register's word; 0 where nothing is modelled."""
        if address in self._fixed:
            return self._fixed[address]
        if address == self.facts.uart_clkdiv:
            return _XTAL_HZ // max(1, self._baud()) & 0xFFFFF
        return self._written.get(address, 0)

    def write(self, address: int, value: int, mask: int = _WORD) -> None:
        """Write the bits of ``mask``; writing SPI_CMD runs the SPI transaction that was set up."""
        if address in self._fixed:
            return
        if len(self._written) < _KEPT or address in self._written:
            self._written[address] = (self.read(address) & ~mask | value & mask) & _WORD
        if address == self.facts.spi_base and value & _CMD_USR:
            self._run_spi()
        if address == self.facts.wdt_protect and value == 0:
            armed = self._written.get(self.facts.wdt_config0, 0) & _WDT_ENABLE
            self.watchdog_fired = self.watchdog_fired or bool(armed)

    def _run_spi(self) -> None:
        facts = self.facts
        base = facts.spi_base
        command = self.read(base + facts.spi_usr2) & 0xFF
        answer = self._flash_answer(command)
        if self.read(base + facts.spi_usr) & _USR_MISO:
            bits = min((self.read(base + facts.spi_miso_dlen) & 0x3FF) + 1, 32)
            self._written[base + facts.spi_w0] = answer & ((1 << bits) - 1)
        self._written[base] = 0  # the transaction is over

    def _flash_answer(self, command: int) -> int:
        """What the flash chip shifts out, first byte lowest."""
        facts = self.facts
        if command == 0x9F:  # RDID
            return self._flash.jedec
        if command == 0x5A:  # RDSFDP: signature, revision; vendor id where a parameter header has it
            raw = self.read(facts.spi_base + 0x04)
            address = (raw >> 8 if facts.address_msb_first else raw) & 0xFFFFFF
            return {0: 0x50444653, 4: 0xFF010106, 0x10: self._flash.jedec & 0xFF}.get(address, _WORD)
        if command in (0x05, 0x35, 0x15):  # RDSR 1 to 3
            return self._flash.status >> {0x05: 0, 0x35: 8, 0x15: 16}[command] & 0xFF
        if command in (0x01, 0x31, 0x11):  # WRSR 1 to 3
            shift = {0x01: 0, 0x31: 8, 0x11: 16}[command]
            data = self.read(facts.spi_base + facts.spi_w0) & 0xFF
            self._flash.status = self._flash.status & ~(0xFF << shift) | data << shift
        return _WORD
