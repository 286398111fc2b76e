"""When flash is written to its file: at rest, before it boots, and again after a disk that refused."""

from __future__ import annotations

from collections.abc import Callable

from hostkit.boards.virtual.flash import NorFlash
from hostkit.clock import Clock
from hostkit.errors import HostkitError

_AT_REST_NS = 300_000_000
_AGAIN_NS = 2_000_000_000


class FlashKeeper:
    """Decides when; ``save`` does it, and may raise :class:`HostkitError`."""

    def __init__(self, flash: NorFlash, clock: Clock, save: Callable[[NorFlash], None]) -> None:
        """Keep ``flash``; nothing is due yet."""
        self._flash = flash
        self._clock = clock
        self._save = save
        self.deadline_ns: int | None = None
        """When :meth:`tick` has something to do."""
        self.problem = ""
        """Why the last attempt failed; empty once one succeeded."""

    def touched(self) -> None:
        """Flash may have changed just now: save it when it has rested for a while."""
        if self._flash.changed:
            self.deadline_ns = self._clock.monotonic_ns() + _AT_REST_NS

    def tick(self) -> None:
        """Save what is due."""
        if self.deadline_ns is not None and self._clock.monotonic_ns() >= self.deadline_ns:
            self.save()

    def save(self) -> None:
        """Save now, if there is anything to save. A disk that refuses is a ``problem``, tried again later."""
        self.deadline_ns = None
        if not self._flash.changed:
            return
        try:
            self._save(self._flash)
        except HostkitError as error:
            self.problem = error.message
            self.deadline_ns = self._clock.monotonic_ns() + _AGAIN_NS
        else:
            self.problem = ""
