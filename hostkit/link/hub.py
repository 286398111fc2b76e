"""One port, several readers: whoever owns the port copies what comes to a Unix socket."""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hostkit.errors import HostkitError
from hostkit.files import listen_private, short_path
from hostkit.link.errors import PortGoneError
from hostkit.link.transport import DescriptorTransport, Transport

_TICK_S = 0.02  # how long a port is listened to before sockets, commands and leases are looked after
_CHUNK = 1 << 16
_GREETING = b"hostkit hub\n"  # the first bytes to a reader: a connection alone may be to one that just ends
_GREETING_S = 2.0  # an owner that says nothing for so long is stopped
_MOST_UNSENT = 1 << 22  # bytes for a reader that does not read, before it is cut off
_MOST_UNREAD = 1 << 22  # bytes for the owner itself, before the oldest are lost


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the hub asks its owner, from its own thread: ``must_yield`` says that another needs the port;
    ``let_go`` is called once the port is closed, whatever closed it."""

    must_yield: Callable[[], bool]
    let_go: Callable[[], None]


class Hub:
    """A :class:`Transport` that shares what it reads, made of one that does not.

    A thread reads the port, so that neither an owner whose terminal is blocked nor a slow reader holds up
    the others, or whoever needs the port. Commands that are written go to the port alone.
    """

    def __init__(self, inner: Transport, path: Path, wishes: Wishes) -> None:
        """Take over an open port and listen at ``path``, for this user only."""
        self._inner = inner
        self._listener = listen_private(path)
        self._path = path
        self._wishes = wishes
        self._readers: list[_Reader] = []
        self._came = threading.Condition()
        self._unread: deque[bytes] = deque()
        self._unread_size = 0
        self._outbox: deque[bytes] = deque()
        self._error: Exception | None = None
        self._closing = False
        self.lost_bytes = 0
        self._thread = threading.Thread(target=self._run, name=f"hub {path.parent.name}", daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        """The port as people know it."""
        return self._inner.name

    def read(self, timeout_s: float) -> bytes:
        """Return what has arrived; see :class:`Transport`. What came is given before an error is."""
        with self._came:
            if not self._unread and self._error is None and timeout_s > 0:
                self._came.wait(timeout_s)
            if not self._unread and self._error is not None:
                raise self._error
            data = b"".join(self._unread)
            self._unread.clear()
            self._unread_size = 0
            return data

    def write(self, data: bytes) -> None:
        """Send all bytes; what goes wrong with them is raised by a later :meth:`read`."""
        with self._came:
            if self._error is not None:
                raise self._error
            self._outbox.append(data)

    def close(self) -> None:
        """Let port and readers go; a second call does nothing."""
        self._closing = True
        self._thread.join()

    def _run(self) -> None:
        error: Exception = PortGoneError(f"{self.name} is closed", hint="open it again")
        try:
            while not self._closing:
                self._turn()
                if self._wishes.must_yield():
                    error = PortGoneError(f"{self.name} was given up", hint="wait until it is free again")
                    break
        except HostkitError as gone:
            error = gone
        except OSError as failed:
            error = PortGoneError(f"cannot share {self.name}: {failed}", hint="open it again")
        finally:
            self._end()
            with self._came:
                self._error = error
                self._came.notify_all()

    def _turn(self) -> None:
        while self._outbox:
            self._inner.write(self._outbox.popleft())
        data = self._inner.read(_TICK_S)
        self._accept()
        for reader in self._readers:
            reader.send(data)
        for gone in [reader for reader in self._readers if reader.gone]:
            self._readers.remove(gone)
            gone.close()
        if data:
            self._keep(data)

    def _keep(self, data: bytes) -> None:
        with self._came:
            self._unread.append(data)
            self._unread_size += len(data)
            while self._unread_size > _MOST_UNREAD:
                dropped = len(self._unread.popleft())
                self._unread_size -= dropped
                self.lost_bytes += dropped
            self._came.notify_all()

    def _accept(self) -> None:
        with suppress(BlockingIOError):
            while True:
                self._readers.append(_Reader(self._listener.accept()[0]))

    def _end(self) -> None:
        """The port first: whoever waits for it may open it as soon as it is said to be free."""
        self._inner.close()
        self._listener.close()
        self._path.unlink(missing_ok=True)
        self._wishes.let_go()
        for reader in self._readers:
            reader.close()


class _Reader:
    """One connection; it is cut off rather than waited for."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._unsent = bytearray(_GREETING)
        self.gone = False

    def send(self, data: bytes) -> None:
        """Send what the kernel takes now, and notice a hang-up."""
        self._unsent += data
        try:
            while self._unsent:
                del self._unsent[: self._connection.send(self._unsent[:_CHUNK])]
            self.gone = self._connection.recv(1) == b""
        except BlockingIOError:
            self.gone = len(self._unsent) > _MOST_UNSENT
        except OSError:
            self.gone = True

    def close(self) -> None:
        self._connection.close()


def join_hub(path: Path) -> Transport | None:
    """Return the stream of the hub at ``path``, to be read only; None when nobody shares a port there.

    A reader that has joined gets all that the port says from now on: the hub has said that it knows of it.
    """
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stream.settimeout(_GREETING_S)
    try:
        with short_path(path) as name:
            stream.connect(name)
        greeted = stream.recv(len(_GREETING), socket.MSG_WAITALL) == _GREETING
    except OSError:
        greeted = False
    if not greeted:
        stream.close()
        return None
    stream.setblocking(False)
    return DescriptorTransport(str(path), stream)
