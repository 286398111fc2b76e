"""Ctrl-C and its like become one exception, and are not lost where nobody could catch it."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import time
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from hostkit.errors import ExitCode

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_AGAIN_S = 0.02  # until what could not be interrupted is left


def listen() -> None:
    """Treat TERM and HUP as Ctrl-C, so that every ``finally`` runs: boards released, children ended.

    A signal that is ignored stays so, as with ``nohup``. To be called on the main thread, once.
    """
    ear = _Ear(_thread.get_ident())
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, ear.hear)
    sys.unraisablehook = ear.tell


def leave(code: int) -> NoReturn:
    """End the process with an exit code.

    Python ends itself by SIGINT instead where an interrupt went through an ``exec`` of text, which makes the
    methods of dataclasses, however well it was caught after that: so the process of an interrupted program is
    ended at once. All that it held was given back on the way.
    """
    if code != ExitCode.INTERRUPTED:
        sys.exit(code)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # its reader is gone, or it is closed
            stream.flush()
    os._exit(code)


class _Ear:
    """Hears signals on the thread ``main``."""

    def __init__(self, main: int) -> None:
        self._main = main
        self._last: int = signal.SIGINT

    def hear(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - signal's own signature
        self._last = number
        raise KeyboardInterrupt

    def tell(self, unraisable: UnraisableHookArgs) -> None:
        """Report an exception that nobody can catch, but let an interrupt come once more.

        Python calls a handler wherever it next runs code of its own. That may be a finaliser, or amid code
        in C that lets no exception out (pydantic's, as it looks at a class): the program would just go on.
        """
        if unraisable.exc_type is KeyboardInterrupt:
            _thread.start_new_thread(self._come_again, (self._last,))
        else:
            sys.__unraisablehook__(unraisable)

    def _come_again(self, number: int) -> None:
        time.sleep(_AGAIN_S)
        signal.pthread_kill(self._main, number)  # to that thread, so that its waiting is interrupted as well
