"""How Espressif's QEMU is called. Pure.

Source of every option: Espressif's toolchain documentation, qemu/esp32, qemu/esp32s3 and qemu/esp32c3,
"Run QEMU", "Specifying bootstrapping mode", "Specifying eFuse storage" and "Using esptool.py".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from hostkit.boards.model import Chip

FLASH_SIZES = tuple(megabytes << 20 for megabytes in (2, 4, 8, 16))
"""Sizes of flash that Espressif's QEMU models, bytes."""


class Boot(Enum):
    """What the strap pins say at reset."""

    APPLICATION = "application"
    DOWNLOAD = "download"


@dataclass(frozen=True, slots=True)
class _Machine:
    program: str
    straps: dict[Boot, int]  # GPIO_STRAP
    extra: tuple[str, ...] = ()


_MACHINES = {
    Chip.ESP32: _Machine("qemu-system-xtensa", {Boot.APPLICATION: 0x12, Boot.DOWNLOAD: 0x0F}),
    Chip.ESP32S3: _Machine("qemu-system-xtensa", {Boot.APPLICATION: 0x04, Boot.DOWNLOAD: 0x00}),
    # Without -icount this one does not run freely; 3 makes an instruction take 8 ns.
    Chip.ESP32C3: _Machine(
        "qemu-system-riscv32", {Boot.APPLICATION: 0x08, Boot.DOWNLOAD: 0x02}, ("-icount", "3")
    ),
}


@dataclass(frozen=True, slots=True)
class Files:
    """What a QEMU board keeps: the whole flash, and its eFuses (None: QEMU's own, all zero)."""

    flash: Path
    efuse: Path | None


def program_name(chip: Chip) -> str:
    """Return the program that has the chip's machine."""
    return _MACHINES[chip].program


def qemu_argv(program: str, chip: Chip, files: Files, port: int, boot: Boot) -> tuple[str, ...]:
    """Return the command line: ``port`` is a TCP port of 127.0.0.1 where QEMU offers UART0."""
    machine, name = _MACHINES[chip], chip.value
    argv = [program, "-nographic", "-monitor", "none", "-machine", name, *machine.extra]
    argv += ["-drive", f"file={_escaped(files.flash)},if=mtd,format=raw"]
    argv += ["-global", f"driver={name}.gpio,property=strap_mode,value={machine.straps[boot]:#04x}"]
    if files.efuse is not None:
        argv += ["-drive", f"file={_escaped(files.efuse)},if=none,format=raw,id=efuse"]
        argv += ["-global", f"driver=nvram.{name}.efuse,property=drive,value=efuse"]
    return (*argv, "-serial", f"tcp:127.0.0.1:{port},server,nowait")


def _escaped(path: Path) -> str:
    return str(path).replace(",", ",,")  # QEMU's way to write a comma inside of a value
