"""The server's socket ends: listeners and clients that never block and never fill memory."""

from __future__ import annotations

import socket
from contextlib import suppress

from hostkit.errors import UsageError

_CHUNK = 1 << 16


def listen_loopback(port: int) -> socket.socket:
    """Listen on 127.0.0.1; port 0 lets the system choose. Raises :class:`UsageError` for one in use."""
    return listen_tcp("127.0.0.1", port)


def listen_tcp(host: str, port: int) -> socket.socket:
    """Listen on an address of this machine, by number or name. Raises :class:`UsageError` for one in use or
    not its own."""
    listener: socket.socket | None = None
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(4)
    except (OSError, OverflowError) as error:
        if listener is not None:
            listener.close()
        where = f"port {port}" if host == "127.0.0.1" else f"{host} port {port}"
        raise UsageError(
            f"cannot serve RFC 2217 on {where}: {error}",
            hint="choose another with --rfc2217-port, or 0 for any",
        ) from error
    listener.setblocking(False)
    return listener


class Peer:
    """One connected client. ``unsent`` is bounded by whoever writes: see :attr:`full`."""

    def __init__(self, connection: socket.socket, limit: int) -> None:
        """Take an accepted connection; ``limit``: bytes kept for a client that does not read."""
        connection.setblocking(False)
        if connection.family in (socket.AF_INET, socket.AF_INET6):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = connection
        self._limit = limit
        self._unsent = bytearray()
        self.gone = False

    @property
    def unsent(self) -> int:
        """Bytes that wait for the client to read."""
        return len(self._unsent)

    def read(self) -> bytes:
        """Return what came in; sets ``gone`` when the client hung up."""
        try:
            data = self.connection.recv(_CHUNK)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        self.gone = self.gone or not data
        return data

    def write(self, data: bytes) -> None:
        """Send bytes; a client that lets more than the limit pile up is taken for gone."""
        self._unsent += data
        self.flush()
        if len(self._unsent) > self._limit:
            self.gone = True

    def flush(self) -> None:
        """Hand over what the kernel takes now."""
        try:
            while self._unsent:
                del self._unsent[: self.connection.send(self._unsent[:_CHUNK])]
        except BlockingIOError:
            pass
        except OSError:
            self.gone = True

    def purge(self) -> None:
        """Forget what was not sent yet."""
        self._unsent.clear()

    def close(self) -> None:
        """Hang up."""
        with suppress(OSError):
            self.connection.close()


def accept(listener: socket.socket) -> socket.socket | None:
    """Return a waiting connection, or None when it went again."""
    try:
        return listener.accept()[0]
    except OSError:
        return None
