"""Futures that can be waited for together with descriptors."""

from __future__ import annotations

import os
from concurrent.futures import Future
from contextlib import suppress


class Bell:
    """A descriptor that can be read once a future is done. It must outlive the futures that it was given."""

    def __init__(self) -> None:
        """Make it silent."""
        self._ear, self._rope = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def hang_on(self, future: Future[None]) -> None:
        """Ring when it is done."""
        future.add_done_callback(self._ring)

    def clear(self) -> None:
        """Forget what rang so far."""
        with suppress(BlockingIOError):
            while os.read(self._ear, 4096):
                pass

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._ear

    def close(self) -> None:
        """Ring never again."""
        os.close(self._ear)
        os.close(self._rope)

    def _ring(self, future: Future[None]) -> None:  # noqa: ARG002 - as a callback has it
        with suppress(BlockingIOError):  # full: it rings anyway
            os.write(self._rope, b"!")
