"""A word from one thread that ends what others wait for: Ctrl-C reaches the main thread alone."""

from __future__ import annotations

import os

from hostkit.errors import ExitCode, HostkitError


class HaltedError(HostkitError):
    """Work was given up because the whole of it is (exit 130)."""

    exit_code = ExitCode.INTERRUPTED


class Halt:
    """Said once, by :meth:`call`, and true from then on. Safe to use from several threads.

    Whoever waits for descriptors waits for this one too: it can be read from once the word was said, and by
    all, as nobody takes out what lies in it.
    """

    def __init__(self) -> None:
        """Nothing was said yet."""
        self._reader, self._writer = os.pipe()
        self._called = False
        self._closed = False

    def call(self) -> None:
        """Say it; a second call does nothing, nor does one after :meth:`close`."""
        if not self._called and not self._closed:
            self._called = True
            os.write(self._writer, b"!")

    def check(self) -> None:
        """Raise :class:`HaltedError` once it was said."""
        if self._called:
            raise HaltedError("given up before it was done", hint="it was interrupted, or hostkit failed")

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._reader

    def close(self) -> None:
        """Give the descriptors back, when nobody waits for them any more; a second call does nothing."""
        if not self._closed:
            self._closed = True
            os.close(self._reader)
            os.close(self._writer)
