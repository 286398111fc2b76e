"""Where a chip build's regions go, from what the build itself wrote down. Pure.

ESP-IDF's CMake writes ``flasher_args.json`` and ``flash_args`` (ESP-IDF Programming Guide, "Build System",
"Flash arguments"), PlatformIO ``idedata.json``. All say offset and file of each region.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from hostkit.errors import ToolError

BOOTLOADER, PARTITIONS, APP = "bootloader", "partitions", "app"

# ESP-IDF's names of files; PlatformIO builds the same regions under its own.
_ROLES = {
    "bootloader.bin": BOOTLOADER,
    "partition-table.bin": PARTITIONS,
    "partitions.bin": PARTITIONS,
    "ota_data_initial.bin": "otadata",
}
_ROLE_OF_KEY = {"bootloader": BOOTLOADER, "partition-table": PARTITIONS, "app": APP, "otadata": "otadata"}


@dataclass(frozen=True, slots=True)
class Region:
    """One region: its role, its offset in flash, and the file that the build named (may be relative)."""

    role: str
    offset: int
    file: str


def parse_flasher_args(text: str) -> tuple[Region, ...]:
    """Read ``flasher_args.json``. Raises :class:`ToolError` when it is not of that form."""
    document = _document(text, "flasher_args.json")
    files = document.get("flash_files")
    if not isinstance(files, dict) or not files:
        raise _broken("flasher_args.json", "it has no flash_files")
    roles = {
        _offset(entry["offset"], "flasher_args.json"): _ROLE_OF_KEY.get(key, key)
        for key, entry in document.items()
        if isinstance(entry, dict) and "offset" in entry and "file" in entry
    }
    pairs = [(_offset(offset, "flasher_args.json"), str(file)) for offset, file in files.items()]
    return _sorted(Region(roles.get(offset) or _role(file), offset, file) for offset, file in pairs)


def parse_flash_args(text: str) -> tuple[Region, ...]:
    """Read ``flash_args``: esptool's options, then pairs of offset and file."""
    words = shlex.split(text)
    while words and words[0].startswith("--"):
        words = words[1:] if "=" in words[0] else words[2:]
    if not words or len(words) % 2:
        raise _broken("flash_args", "offsets and files do not pair up")
    pairs = zip(words[::2], words[1::2], strict=True)
    return _sorted(Region(_role(file), _offset(offset, "flash_args"), file) for offset, file in pairs)


def parse_idedata(text: str) -> tuple[Region, ...]:
    """Read PlatformIO's ``idedata.json``: extra images, and the application beside the program's ELF."""
    document = _document(text, "idedata.json")
    extra = document.get("extra")
    program = document.get("prog_path")
    if not isinstance(extra, dict) or not isinstance(program, str) or "application_offset" not in extra:
        raise _broken("idedata.json", "it has no application_offset or no prog_path")
    images = extra.get("flash_images") or []
    try:
        pairs = [(_offset(image["offset"], "idedata.json"), str(image["path"])) for image in images]
    except (KeyError, TypeError):
        raise _broken("idedata.json", "an entry of flash_images lacks offset or path") from None
    app = Region(
        APP,
        _offset(extra["application_offset"], "idedata.json"),
        str(PurePosixPath(program).with_suffix(".bin")),
    )
    return _sorted([*(Region(_role(file), offset, file) for offset, file in pairs), app])


def _role(file: str) -> str:
    return _ROLES.get(PurePosixPath(file).name, APP)


def _sorted(regions: Iterable[Region]) -> tuple[Region, ...]:
    return tuple(sorted(regions, key=lambda region: region.offset))


def _document(text: str, name: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise _broken(name, f"it is no JSON ({error})") from error
    if not isinstance(document, dict):
        raise _broken(name, "it is no JSON object")
    return document


def _offset(value: object, name: str) -> int:
    try:
        return int(str(value), 0)
    except ValueError:
        raise _broken(name, f"{value!r} is no offset") from None


def _broken(name: str, what: str) -> ToolError:
    return ToolError(
        f"{name} of the build cannot be read: {what}", hint="remove .hostkit/build and build again"
    )
