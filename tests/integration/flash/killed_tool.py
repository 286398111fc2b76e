"""A runner under which esptool is killed in the middle of a write."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from hostkit.process import Command, Finished, start


class KillingRunner:
    """Ends esptool as kill -9 does, once it has begun to write the application.

    ``asked``: a word that its command line must have.
    """

    def __init__(self, asked: str = "write-flash") -> None:
        self._asked = asked

    def run(self, command: Command, *, on_text: Callable[[str], None] | None = None) -> Finished:
        assert self._asked in command.argv
        child = start(command)
        assert child.stdout is not None
        said = b""
        while b"Writing at 0x0001" not in said:
            piece = os.read(child.stdout.fileno(), 4096)
            assert piece, said
            said += piece
        os.killpg(child.pid, signal.SIGKILL)
        child.stdout.close()
        return Finished(command.argv, child.wait(), said.decode(), 0.0)
