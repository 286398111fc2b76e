"""The last frame of a board, read back from every tap it has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hostkit.hil.golden import wire
from hostkit.hil.golden.arithmetic import Array
from hostkit.link.bodies import Identity
from hostkit.link.client import Link
from hostkit.link.messages import Tap

WIRE_FEATURE = "wire"


def taps_of(identity: Identity) -> tuple[Tap, ...]:
    """Return the taps that a board has, in the order of the pipeline."""
    return tuple(tap for tap in Tap if tap is not Tap.WIRE or WIRE_FEATURE in identity.features)


@dataclass(frozen=True, slots=True)
class Capture:
    """Bytes of each strip of one frame at one tap."""

    tap: Tap
    strips: tuple[bytes, ...]
    tick_ns: int

    def words(self, strip: int) -> npt.NDArray[np.uint32]:
        """Return a strip's symbols as words; only of the tap ``symbols``."""
        return np.frombuffer(self.strips[strip], dtype="<u4").astype(np.uint32)

    def latched(self, strip: int) -> wire.Latched:
        """Return what LEDs make of a strip's symbols; only of the tap ``symbols``."""
        return wire.decode(self.words(strip), self.tick_ns)

    def pixels(self, strip: int) -> Array:
        """Return a strip's R, G, B numbers of shape (LEDs, 3); symbols are decoded as LEDs do it."""
        if self.tap is Tap.SYMBOLS:
            return self.latched(strip).pixels.astype(np.int64)
        kind = np.dtype(np.uint8) if self.tap in (Tap.FRAME, Tap.WIRE) else np.dtype("<u2")
        numbers = np.frombuffer(self.strips[strip], dtype=kind).astype(np.int64)
        return numbers[: len(numbers) - len(numbers) % 3].reshape(-1, 3)

    @property
    def all_pixels(self) -> list[Array]:
        """Every strip's pixels."""
        return [self.pixels(strip) for strip in range(len(self.strips))]


def read_tap(link: Link, identity: Identity, tap: Tap) -> Capture:
    """Read one tap of the last frame, all strips."""
    strips = tuple(link.read_tap(tap, strip) for strip in range(len(identity.strips)))
    return Capture(tap, strips, identity.tick_ns)
