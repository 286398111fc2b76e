"""How to bring an artifact into a flash: not at all, the sectors that differ, or whole. The chip decides."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from hostkit.build.model import Artifact
from hostkit.errors import ToolError
from hostkit.flash.memory import Remembered
from hostkit.flash.model import ChipIdentity, ReadBackBy, Way


class Inspector(Protocol):
    """Reads a chip in its ROM loader."""

    @property
    def by(self) -> ReadBackBy:
        """Who computes."""
        ...

    def identify(self) -> ChipIdentity:
        """Return what the chip says of itself."""
        ...

    def read_back(self, artifact: Artifact) -> tuple[str, ...]:
        """Return the MD5 of each region of the artifact as the flash holds it."""
        ...


@dataclass(frozen=True, slots=True)
class Approach:
    """The way, why it is taken, and for a differential write the artifact that the chip holds."""

    way: Way
    why: str
    base: Artifact | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """How many bytes of flash were written, and whether that was everything."""

    bytes: int
    whole: bool


def choose(inspector: Inspector, artifact: Artifact, known: Remembered) -> Approach:
    """Ask the chip for the MD5 of its regions and return the shortest way that this proves to be enough.

    ``known`` says what the flash should hold; it counts only if the chip says the same.
    """
    if _holds(inspector, artifact):
        return Approach(Way.SKIPPED, "the chip's MD5 of every region is the artifact's")
    if known.artifact is None:
        return Approach(Way.FULL, known.why)
    offsets = {image.offset for image in artifact.images}
    shared = tuple(image for image in known.artifact.images if image.offset in offsets)
    base = replace(known.artifact, images=shared)
    if not shared or inspector.by is ReadBackBy.FILE:
        return Approach(Way.FULL, "no region of what was flashed last can be written in part")
    if not _holds(inspector, base):
        return Approach(Way.FULL, f"the flash does not hold build {base.short_id}, which was flashed last")
    if not changed_regions(artifact, base).images:
        return Approach(Way.FULL, "the chip's MD5 of a region was another at each asking")
    return Approach(Way.DIFFERENTIAL, f"the chip's MD5 of its regions is that of build {base.short_id}", base)


def changed_regions(artifact: Artifact, base: Artifact) -> Artifact:
    """Return the artifact with only those regions that are not the same in ``base``."""
    there = {(image.offset, image.size, image.sha256) for image in base.images}
    changed = [image for image in artifact.images if (image.offset, image.size, image.sha256) not in there]
    return replace(artifact, images=tuple(changed))


def _holds(inspector: Inspector, artifact: Artifact) -> bool:
    try:
        read = inspector.read_back(artifact)
    except ToolError:  # esptool's way of saying that a region differs
        return False
    return all(image.md5 == digest for image, digest in zip(artifact.images, read, strict=True))
