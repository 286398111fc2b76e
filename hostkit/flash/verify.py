"""Checks around a write: the artifact is whole, the flash holds it, the firmware says so itself."""

from __future__ import annotations

import hashlib

from hostkit.build.model import Artifact
from hostkit.errors import InvalidError, ToolError
from hostkit.files import disk_error
from hostkit.flash.model import ChipIdentity, RegionRecord
from hostkit.link.bodies import Identity
from hostkit.link.challenge import Challenge


def refuse_broken_files(artifact: Artifact) -> None:
    """Raise :class:`InvalidError` unless every image on disk is what the manifest says."""
    for image in artifact.images:
        path = artifact.path(image)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise InvalidError(
                f"{path} is missing from the artifact", hint="build again: the store was disturbed"
            ) from None
        except OSError as error:
            raise disk_error(error, path) from error
        if len(data) != image.size or hashlib.sha256(data).hexdigest() != image.sha256:
            raise InvalidError(
                f"{path} is not what the artifact's manifest says",
                hint="build again: the store was disturbed",
            )


def region_records(artifact: Artifact, read: tuple[str, ...]) -> tuple[RegionRecord, ...]:
    """Pair each region with the MD5 read back (same order)."""
    return tuple(
        RegionRecord(image.role, image.offset, image.size, image.md5, digest)
        for image, digest in zip(artifact.images, read, strict=True)
    )


def refuse_regions(regions: tuple[RegionRecord, ...], board: str) -> None:
    """Raise :class:`ToolError` for a region whose flash content is not the image."""
    for region in regions:
        if region.md5_read != region.md5_expected:
            raise ToolError(
                f"region {region.role} at {region.offset:#x} of {board} reads back with MD5 "
                f"{region.md5_read}, written was {region.md5_expected}",
                hint="flash again; if it stays, the flash chip is worn or its wiring is bad",
            )


def refuse_answer(challenge: Challenge | None, said: Identity) -> None:
    """Raise :class:`InvalidError` for a wrong answer, and for one that another board or boot gave."""
    if challenge is None:  # firmware from before there was the question; a gate asks for more
        return
    if not challenge.holds:
        raise InvalidError(
            f"the board's answer to a challenge is wrong: {challenge.digest[:12]}, "
            f"right is {challenge.expected[:12] or 'none'}",
            hint="what answers at this port is not the firmware, or plays a recording of it",
        )
    if (challenge.build, challenge.mac, challenge.nonce) != (said.build, said.mac, said.nonce):
        raise InvalidError(
            f"build {challenge.build[:12]} on {challenge.mac} answered the challenge, "
            f"build {said.build[:12]} on {said.mac} said hello",
            hint="two boards answer at this port, or it restarted in between",
        )


def refuse_firmware(said: Identity, artifact: Artifact, chip: ChipIdentity) -> None:
    """Raise :class:`InvalidError` unless the running firmware is this artifact, on this chip."""
    if said.build != artifact.build_id:
        raise InvalidError(
            f"the board runs build {said.build[:12]}, not {artifact.short_id} that was flashed",
            hint="the link may lead to another board, or the firmware carries a stale build id",
        )
    if said.mac != chip.mac:
        raise InvalidError(
            f"the firmware says MAC {said.mac}, the chip's is {chip.mac}",
            hint="the link leads to another board than the one that was flashed",
        )
    if said.chip != artifact.chip:
        raise InvalidError(
            f"the firmware says it is for {said.chip}, the artifact is for {artifact.chip}",
            hint="build again",
        )
