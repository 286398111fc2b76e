"""Records of what a build makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Image:
    """One region of flash: ``offset`` and ``size`` in bytes, digests are lower-case hex."""

    role: str  # "partitions", "app", "bootloader"
    offset: int
    file: str  # name inside the artifact's directory
    size: int
    sha256: str
    md5: str


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes used, and the budget of the profile (0: no budget)."""

    flash: int
    flash_budget: int
    ram: int
    ram_budget: int


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a build made, complete and immutable, named by the hash of its inputs (``build_id``)."""

    build_id: str  # 64 hex digits
    env: str
    chip: str
    profile: str
    version: str
    commit: str  # 40 hex digits, or "" outside a repository
    dirty: bool
    images: tuple[Image, ...]
    elf: str  # file name inside the directory
    sizes: Sizes
    toolchain: Mapping[str, str]  # tool name -> version
    directory: Path

    def path(self, image: Image) -> Path:
        """Return where an image lies on disk."""
        return self.directory / image.file

    @property
    def short_id(self) -> str:
        """First twelve digits of the build id, for people."""
        return self.build_id[:12]
