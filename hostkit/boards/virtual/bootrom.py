"""What the chip says and decides between reset and the application: mask ROM and second stage. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from hostkit.boards.image import AppDescription, EspImage, ImageError, parse_image
from hostkit.boards.model import Chip
from hostkit.boards.partitions import (
    SUBTYPE_FACTORY,
    SUBTYPE_NVS,
    TABLE_OFFSET,
    TABLE_SIZE,
    TYPE_APP,
    TYPE_DATA,
    Partition,
    PartitionError,
    parse_partitions,
)
from hostkit.boards.simulated.engine import program_of
from hostkit.boards.virtual.flash import NorFlash
from hostkit.boards.virtual.silicon import Silicon


class ResetReason(Enum):
    """Why the chip was reset, in the words of link.cddl's identity."""

    POWER_ON = "power-on"
    EXTERNAL = "external"
    SOFTWARE = "software"
    PANIC = "panic"
    WATCHDOG = "watchdog"
    BROWNOUT = "brownout"


@dataclass(frozen=True, slots=True)
class Launch:
    """What the chip is about to run: an executable. ``nvs`` is where its storage lies, None without one."""

    program: bytes
    description: AppDescription | None
    nvs: Partition | None


@dataclass(frozen=True, slots=True)
class BootPlan:
    """Text for the UART (CR LF), and what to run: None when nothing in flash can be."""

    text: bytes
    launch: Launch | None


# Reset causes as the ROMs print them (ESP32: rtc.h RESET_REASON, S3 and C3 drop the "_RESET").
# A panic handler restarts the CPU by software, and the EN pin looks like power to the ROM.
_CAUSES = {
    ResetReason.POWER_ON: (0x1, "POWERON_RESET"),
    ResetReason.EXTERNAL: (0x1, "POWERON_RESET"),
    ResetReason.SOFTWARE: (0xC, "SW_CPU_RESET"),
    ResetReason.PANIC: (0xC, "SW_CPU_RESET"),
    ResetReason.WATCHDOG: (0x10, "RTCWDT_RTC_RESET"),
    ResetReason.BROWNOUT: (0xF, "RTCWDT_BROWN_OUT_RESET"),
}


@dataclass(frozen=True, slots=True)
class _Words:
    banner: tuple[str, ...]
    run: str
    download: str
    short_causes: bool


_WORDS = {
    Chip.ESP32: _Words(
        ("ets Jul 29 2019 12:21:46", ""),
        "boot:0x13 (SPI_FAST_FLASH_BOOT)",
        "boot:0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))",
        short_causes=False,
    ),
    Chip.ESP32S3: _Words(
        ("ESP-ROM:esp32s3-20210327", "Build:Mar 27 2021"),
        "boot:0x8 (SPI_FAST_FLASH_BOOT)",
        "boot:0x0 (DOWNLOAD(USB/UART0))",
        short_causes=True,
    ),
    Chip.ESP32C3: _Words(
        ("ESP-ROM:esp32c3-api1-20210207", "Build:Feb  7 2021"),
        "boot:0xc (SPI_FAST_FLASH_BOOT)",
        "boot:0x4 (DOWNLOAD(USB/UART0/1))",
        short_causes=True,
    ),
}


def _lines(*lines: str) -> bytes:
    return "".join(line + "\r\n" for line in lines).encode("ascii", "replace")


def _banner(chip: Chip, reason: ResetReason, strap: str) -> tuple[str, ...]:
    words = _WORDS[chip]
    code, name = _CAUSES[reason]
    name = name.removesuffix("_RESET") if words.short_causes else name
    return (*words.banner, f"rst:0x{code:x} ({name}),{strap}")


def download_text(chip: Chip, reason: ResetReason) -> bytes:
    """Return what the ROM prints when GPIO0 was low."""
    return _lines(*_banner(chip, reason, _WORDS[chip].download), "waiting for download")


def panic_text() -> bytes:
    """Return what the panic handler prints before it restarts the chip."""
    return _lines(
        "",
        "Guru Meditation Error: Core  0 panic'ed (LoadProhibited). Exception was unhandled.",
        "",
        "Rebooting...",
    )


def brownout_text() -> bytes:
    """Return what the brownout detector's handler prints."""
    return _lines("", "Brownout detector was triggered", "")


def plan_boot(silicon: Silicon, flash: NorFlash, reason: ResetReason) -> BootPlan:
    """Read partition table and application from flash, as second stage and ROM do, and decide."""
    head = _banner(silicon.chip, reason, _WORDS[silicon.chip].run)
    try:
        launch = _find_application(silicon, flash)
    except _NotBootableError as error:
        return BootPlan(_lines(*head, *error.lines), None)
    said = launch.description
    name = f"{said.project} {said.version}" if said else "an application that does not say its name"
    return BootPlan(
        _lines(*head, "I (0) boot: virtual board: second stage is in ROM", f"I (0) boot: starting {name}"),
        launch,
    )


class _NotBootableError(Exception):
    def __init__(self, *lines: str) -> None:
        super().__init__(lines[0])
        self.lines = lines


def _find_application(silicon: Silicon, flash: NorFlash) -> Launch:
    table = flash.read(TABLE_OFFSET, TABLE_SIZE)
    if table.count(0xFF) == len(table):
        # A blank chip: the ROM finds no second stage and says so again and again.
        raise _NotBootableError("invalid header: 0xffffffff")
    try:
        partitions = parse_partitions(table, flash_size=flash.size)
    except PartitionError as error:
        raise _NotBootableError(
            f"E (0) flash_parts: {error.message}",
            "E (0) boot: Failed to verify partition table",
            "E (0) boot: load partition table error!",
        ) from error
    app = _first(partitions, TYPE_APP, SUBTYPE_FACTORY)
    if app is None:
        raise _NotBootableError("E (0) boot: No bootable app partitions in the partition table")
    try:
        image = parse_image(flash.read(app.offset, app.size), chip=silicon.chip, partition_length=app.size)
    except ImageError as error:
        said = [f"E (0) esp_image: {line}" for line in error.message.splitlines()]
        raise _NotBootableError(
            *said,
            "E (0) boot: Factory app partition is not bootable",
            "E (0) boot: No bootable app partitions in the partition table",
        ) from error
    return Launch(_program(silicon, image), image.description, _first(partitions, TYPE_DATA, SUBTYPE_NVS))


def _program(silicon: Silicon, image: EspImage) -> bytes:
    payload = image.payload
    if silicon.engine:
        if payload is not None:
            raise _NotBootableError("E (0) boot: image carries a payload for a virtual board")
        return program_of(image)
    if payload is None:
        raise _NotBootableError("E (0) boot: image carries no payload for a virtual board")
    if payload.machine != silicon.host:
        raise _NotBootableError(
            f"E (0) boot: payload is for {payload.machine}, this host runs {silicon.host}"
        )
    return payload.data


def _first(partitions: tuple[Partition, ...], kind: int, subtype: int) -> Partition | None:
    return next((row for row in partitions if (row.type, row.subtype) == (kind, subtype)), None)
