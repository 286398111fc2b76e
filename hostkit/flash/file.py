"""Flash that is a file while the board is off: what esptool and the ROM do elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from hostkit.boards.model import BoardSpec, FlashAccess
from hostkit.boards.partitions import Partition
from hostkit.build.model import Artifact
from hostkit.files import atomic_write, disk_error
from hostkit.flash.approach import Written
from hostkit.flash.model import ChipIdentity, ReadBackBy

_NO_MAC = "00:00:00:00:00:00"  # eFuses that nobody burnt
_ERASED = b"\xff"


class FileFlasher:
    """Reads and writes a flash file. The file is replaced whole: a crash leaves the old or the new."""

    by = ReadBackBy.FILE

    def __init__(self, path: Path, spec: BoardSpec) -> None:
        """Name the file; nothing is touched yet."""
        self._path = path
        self._spec = spec

    def identify(self) -> ChipIdentity:
        """Return what the board was started as: there is no chip to ask while it is off."""
        return ChipIdentity(self._spec.chip, self._spec.mac or _NO_MAC, len(self._read()))

    def read_back(self, artifact: Artifact) -> tuple[str, ...]:
        """Return the MD5 of each region as the file holds it."""
        content = self._read()
        return tuple(
            hashlib.md5(content[image.offset : image.offset + image.size], usedforsecurity=False).hexdigest()
            for image in artifact.images
        )

    def write(
        self,
        artifact: Artifact,
        access: FlashAccess,  # noqa: ARG002 - esptool's form
        base: Artifact | None = None,  # noqa: ARG002 - the file is replaced whole in any case
    ) -> Written:
        """Write every region. Raises :class:`ToolError` when the disk refuses."""
        self._put((image.offset, artifact.path(image).read_bytes()) for image in artifact.images)
        return Written(sum(image.size for image in artifact.images), whole=True)

    def erase(self, partition: Partition, access: FlashAccess) -> None:  # noqa: ARG002 - esptool's form
        """Erase one partition."""
        self._put(((partition.offset, _ERASED * partition.size),))

    def _put(self, regions: Iterable[tuple[int, bytes]]) -> None:
        content = bytearray(self._read())
        for offset, data in regions:
            content[offset : offset + len(data)] = data
        atomic_write(self._path, bytes(content))

    def _read(self) -> bytes:
        try:
            return self._path.read_bytes()
        except OSError as error:
            raise disk_error(error, self._path) from error
