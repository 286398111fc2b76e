"""Workers are woken by a datagram, so that they need not look all the time. Nobody relies on it."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path

from hostkit.files import short_path

_FOLDER = "wake"


class Bell:
    """Where a worker hears that something changed in the queue. It stays silent where sockets cannot be made:
    the worker looks by itself now and then."""

    def __init__(self, queue: Path) -> None:
        """Make a socket of this process's own below the queue's directory."""
        self._path = queue / _FOLDER / f"{os.getpid()}.sock"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._path.unlink(missing_ok=True)
            with short_path(self._path) as name:
                self._socket.bind(name)

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._socket.fileno()

    def clear(self) -> None:
        """Forget what rang so far."""
        with suppress(OSError):
            while self._socket.recv(64):
                pass

    def close(self) -> None:
        """Hear nothing any more; a second call does nothing."""
        self._socket.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def ring(queue: Path) -> None:
    """Wake every worker of this machine. What a dead one left is removed."""
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bell:
        bell.setblocking(False)
        for path in (queue / _FOLDER).iterdir():
            try:
                with short_path(path) as name:
                    bell.sendto(b"!", name)
            except ConnectionRefusedError:
                path.unlink(missing_ok=True)
            except OSError:
                continue  # full: it is about to look anyway
