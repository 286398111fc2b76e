"""Work that a Ctrl-C does not cut in two: what it did and what it has written of it stay the same."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def calm() -> Iterator[None]:
    """Let signals that end a run wait until the block is left; then the handler of each is called.

    Elsewhere than on the main thread there is nothing to do: no handler runs there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as a handler has it
        came.append(number)

    before = {int(number): signal.getsignal(number) for number in _SIGNALS}
    changed = {number: handler for number, handler in before.items() if callable(handler)}
    for number in changed:
        signal.signal(number, note)
    try:
        yield
    finally:
        for number, handler in changed.items():
            signal.signal(number, handler)
        for number in came:
            changed[number](number, None)
