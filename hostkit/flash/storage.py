"""Where a device keeps what it stored, from the artifact's own partition table."""

from __future__ import annotations

from hostkit.boards.partitions import SUBTYPE_NVS, TYPE_DATA, Partition, parse_partitions
from hostkit.build.model import Artifact
from hostkit.errors import InvalidError

PARTITIONS = "partitions"
"""Role of the image that is the partition table."""


def storage_partitions(artifact: Artifact) -> tuple[Partition, ...]:
    """Return the NVS partitions that the artifact's table names.

    Raises :class:`InvalidError` when there is no table, it is broken, or names none.
    """
    table = next((image for image in artifact.images if image.role == PARTITIONS), None)
    rows = () if table is None else parse_partitions(artifact.path(table).read_bytes())
    found = tuple(row for row in rows if (row.type, row.subtype) == (TYPE_DATA, SUBTYPE_NVS))
    if not found:
        raise InvalidError(
            f"the artifact of {artifact.env} says of no NVS partition where it is: nothing was erased",
            hint="leave --erase-nvs out, or erase by hand: esptool erase-region",
        )
    return found
