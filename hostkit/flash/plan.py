"""From artifact and board to esptool command lines, and every refusal that needs no board. Pure."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hostkit.boards.model import BoardSpec, Chip, FlashAccess
from hostkit.boards.partitions import Partition
from hostkit.build.model import Artifact
from hostkit.errors import InvalidError
from hostkit.flash.model import ChipIdentity
from hostkit.interpreter import module_argv

SECTOR = 4096
"""Smallest erasable piece of SPI NOR flash, bytes."""

_BITS_PER_BYTE = 10  # start, 8 data, stop
_WRITE_BASE_S = 30.0  # connecting, stub, erase of a few sectors
_ERASE_S_PER_MIB = 10.0  # worst case of common NOR parts: 64 KiB block 0.6 s typical maximum
_MARGIN = 2.0


def refuse_env(env: str, chip: str, spec: BoardSpec) -> None:
    """Raise :class:`InvalidError` for an env that builds for another chip than this board's."""
    if chip != spec.chip.value:
        raise InvalidError(
            f"env {env} is for an {chip}, board {spec.name} is an {spec.chip.value}",
            hint="choose another env (-e) or another board (-b)",
        )


def refuse_artifact(artifact: Artifact, spec: BoardSpec) -> None:
    """Raise :class:`InvalidError` for an artifact that cannot belong on this board; nothing is touched."""
    refuse_env(artifact.env, artifact.chip, spec)
    if not artifact.images:
        raise InvalidError(f"the artifact of {artifact.env} has no images", hint="build it again")
    images = sorted(artifact.images, key=lambda image: image.offset)
    for image in images:
        if image.offset % SECTOR:
            raise InvalidError(
                f"region {image.role} starts at {image.offset:#x}, inside a flash sector",
                hint="offsets are multiples of 4096",
            )
        if image.offset + image.size > spec.flash_size:
            raise InvalidError(
                f"region {image.role} ({image.size} bytes at {image.offset:#x}) ends at "
                f"{image.offset + image.size:#x}, beyond the {megabytes(spec.flash_size)} flash "
                f"of {spec.name}",
                hint="make the firmware smaller, or use a board with more flash",
            )
    for first, second in pairwise(images):
        if first.offset + first.size > second.offset:
            raise InvalidError(
                f"region {first.role} overlaps region {second.role} at {second.offset:#x}",
                hint="make the firmware smaller, or change the partition table",
            )


def refuse_chip(found: ChipIdentity, spec: BoardSpec, port: str) -> None:
    """Raise :class:`InvalidError` when the chip at the port is not the board; nothing is written then."""
    if found.chip is not spec.chip:
        raise InvalidError(
            f"{port} has an {found.chip.value}, but board {spec.name} is an {spec.chip.value}: not flashed",
            hint="look which board is on this port, or correct boards.toml",
        )
    if spec.mac and found.mac != spec.mac:
        raise InvalidError(
            f"{port} has MAC {found.mac}, but board {spec.name} has {spec.mac}: not flashed",
            hint="look which board is on this port, or correct boards.toml",
        )
    if found.flash_size != spec.flash_size:
        raise InvalidError(
            f"{port} has {megabytes(found.flash_size)} of flash, but board {spec.name} has "
            f"{megabytes(spec.flash_size)}: not flashed",
            hint="correct flash_size in boards.toml if the board is the right one",
        )


def megabytes(size: int) -> str:
    """Return a flash size for people: "4 MB", or bytes where it is no whole number of megabytes."""
    return f"{size >> 20} MB" if size and size % (1 << 20) == 0 else f"{size} bytes"


def esptool_argv(python: str, chip: Chip, access: FlashAccess, *, last: bool) -> tuple[str, ...]:
    """Return esptool's common arguments, port and chip explicit.

    Only the ``last`` call of a series lets the board go, so that no half-checked firmware runs.
    """
    after = access.after if last else "no-reset"
    return (
        *module_argv("esptool", python=python),
        "--chip",
        chip.value,
        "--port",
        access.port,
        "--baud",
        str(access.baud),
        "--before",
        access.before,
        "--after",
        after,
        *(() if access.stub else ("--no-stub",)),
    )


def identify_argv(python: str, chip: Chip, access: FlashAccess) -> tuple[str, ...]:
    """Return the command that prints chip, MAC and flash size without writing, nor loading a stub."""
    return (*esptool_argv(python, chip, replace(access, stub=False), last=False), "flash-id")


def write_argv(
    python: str, artifact: Artifact, chip: Chip, access: FlashAccess, base: Artifact | None = None
) -> tuple[str, ...]:
    """Return the one command that writes every region; the images go in as they are, headers unpatched.

    ``base``: what the chip holds. Then sectors that are the same in it are left out.
    """
    keep = ("--flash-mode", "keep", "--flash-freq", "keep", "--flash-size", "keep")
    return (
        *esptool_argv(python, chip, access, last=False),
        "write-flash",
        *keep,
        *(() if base is None else ("--diff-with", *_older(artifact, base), "--")),
        *_regions(artifact),
    )


def erase_argv(python: str, partition: Partition, chip: Chip, access: FlashAccess) -> tuple[str, ...]:
    """Return the command that erases one partition."""
    where = (f"{partition.offset:#x}", f"{partition.size:#x}")
    return (*esptool_argv(python, chip, access, last=False), "erase-region", *where)


def verify_argv(python: str, artifact: Artifact, chip: Chip, access: FlashAccess) -> tuple[str, ...]:
    """Return the command that compares every region with its file by MD5, on a new connection."""
    keep = ("--flash-mode", "keep", "--flash-freq", "keep", "--flash-size", "keep")
    return (
        *esptool_argv(python, chip, access, last=True),
        "verify-flash",
        *keep,
        *_regions(artifact),
    )


def write_time_out_s(artifact: Artifact, baud: int) -> float:
    """Return how long a write may take at most: twice the uncompressed line time, erasing, and a base."""
    total = sum(image.size for image in artifact.images)
    line_s = total * _BITS_PER_BYTE / baud
    return _WRITE_BASE_S + _MARGIN * line_s + _ERASE_S_PER_MIB * total / (1 << 20)


def _older(artifact: Artifact, base: Artifact) -> tuple[str, ...]:
    """Return for each region the file that lies there now, "skip" (esptool's word) where there is none."""
    files = {image.offset: str(base.path(image)) for image in base.images}
    offsets = sorted(image.offset for image in artifact.images)
    return tuple(files.get(offset, "skip") for offset in offsets)


def _regions(artifact: Artifact) -> tuple[str, ...]:
    pairs: list[str] = []
    for image in sorted(artifact.images, key=lambda image: image.offset):
        pairs += (f"{image.offset:#x}", str(artifact.path(image)))
    return tuple(pairs)
