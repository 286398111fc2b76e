"""The host's side of a board's UART: the pty, and one RFC 2217 client. Both see the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hostkit.boards.virtual.loop import Loop
from hostkit.boards.virtual.sockets import Peer, accept, listen_loopback
from hostkit.boards.virtual.telnet import Setting, TelnetPort
from hostkit.boards.virtual.tty import TtyPort

_CLIENT_LIMIT = 1 << 22  # bytes for an RFC 2217 client that does not read, before it is cut off


@dataclass(frozen=True, slots=True)
class PortEvents:
    """What the ports tell the board: bytes with the host's baud rate, and the modem lines."""

    received: Callable[[bytes, int], None]
    lines: Callable[[bool, bool], None]


class HostPorts:
    """Made when the server starts, with the RFC 2217 listener; the pty comes and goes with the plug."""

    def __init__(self, loop: Loop, link: Path, rfc2217_port: int, events: PortEvents) -> None:
        """Listen on loopback; ``link`` is the stable name of the pty.

        Raises :class:`UsageError` for a port in use.
        """
        self._loop = loop
        self._events = events
        self.link = link
        self._listener = listen_loopback(rfc2217_port)
        self.url = f"rfc2217://127.0.0.1:{self._listener.getsockname()[1]}"
        loop.watch(self._listener, self._accept)
        self._tty: TtyPort | None = None
        self._client: Peer | None = None
        self._telnet = TelnetPort()
        self._held = False

    @property
    def pty(self) -> str:
        """Device behind the stable name now; empty while unplugged."""
        return self._tty.name if self._tty else ""

    @property
    def backlog(self) -> int:
        """Bytes that the slower of the two readers has not taken yet."""
        waiting = (port.unsent for port in (self._tty, self._client) if port is not None)
        return max(waiting, default=0)

    def set_plugged(self, plugged: bool) -> None:
        """Make the ports be there or not; a new plug gives a new pty under the same stable name."""
        if plugged and self._tty is None:
            self._tty = TtyPort(self.link)
            self._loop.watch(self._tty, self._tty_ready)
        elif not plugged:
            self._drop_client()
            if self._tty is not None:
                self._loop.forget(self._tty)
                self._tty.close()
                self._tty = None

    def hold(self, hold: bool) -> None:
        """Take no more bytes from the host while the line is full, so that it has to wait."""
        if hold == self._held:
            return
        self._held = hold
        for port, ready in ((self._tty, self._tty_ready), (self._client, self._client_ready)):
            if port is not None:
                thing = port if isinstance(port, TtyPort) else port.connection
                self._loop.watch(thing, None if hold else ready)
        if not hold:
            self._tty_ready()  # what came meanwhile was announced only once

    def deliver(self, data: bytes) -> None:
        """Send bytes to whoever is there; to nobody they are lost."""
        if not data:
            return
        if self._tty is not None:
            self._tty.write(data)
        if self._client is not None:
            self._client.write(TelnetPort.escape(data))
            self._settle_client()

    def close(self) -> None:
        """Remove both ports."""
        self.set_plugged(False)
        self._loop.forget(self._listener)
        self._listener.close()

    def _tty_ready(self) -> None:
        if self._tty is None:
            return
        self._tty.noticed()
        self._tty.flush()
        data = self._tty.read()
        if data:
            self._events.received(data, self._tty.baud)

    def _accept(self) -> None:
        connection = accept(self._listener)
        if connection is None:
            return
        if self._client is not None or self._tty is None:  # taken, or unplugged
            connection.close()
            return
        self._client = Peer(connection, _CLIENT_LIMIT)
        self._telnet = TelnetPort()
        self._client.write(TelnetPort.greeting())
        self._settle_client()

    def _client_ready(self) -> None:
        client = self._client
        if client is None:
            return
        serial, answer, settings = self._telnet.feed(client.read())
        for setting in settings:
            self._apply(setting)
        if serial:
            self._events.received(serial, self._telnet.baud)
        if self._client is client:
            client.write(answer)
            self._settle_client()

    def _apply(self, setting: Setting) -> None:
        if setting.purge and self._client is not None:
            self._client.purge()
        elif setting.lines is not None:
            self._events.lines(*setting.lines)

    def _settle_client(self) -> None:
        client = self._client
        if client is None:
            return
        if client.gone:
            self._drop_client()
            self._events.lines(False, False)  # the driver lets go of both when its port is closed
            return
        more = self._flush_client if client.unsent else None
        self._loop.watch(client.connection, None if self._held else self._client_ready, more)

    def _flush_client(self) -> None:
        if self._client is not None:
            self._client.flush()
            self._settle_client()

    def _drop_client(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            self._loop.forget(client.connection)
            client.close()
