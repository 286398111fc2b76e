"""A local serial port for another host: RFC 2217 in front, the device behind. One thread, one client."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

import serial

from hostkit.boards.foreign import refuse_open_port
from hostkit.boards.virtual.loop import Loop
from hostkit.boards.virtual.sockets import Peer, accept, listen_tcp
from hostkit.boards.virtual.telnet import Setting, TelnetPort
from hostkit.errors import HostkitError, InconclusiveError

_CLIENT_LIMIT = 1 << 20  # bytes for a client that does not read, before it is cut off
_DEVICE_LIMIT = 1 << 16  # bytes that the device has not taken, before the client has to wait
_CHUNK = 1 << 16
_FIRST_BAUD = 115_200


@dataclass(frozen=True, slots=True)
class ShareSpec:
    """Which ``device`` to export, and where to listen: TCP ``port`` 0 is any free one of ``host``."""

    device: str
    host: str = "127.0.0.1"
    port: int = 0


class SharedDevice:
    """Exports one serial device. It is open only while a client is connected, so that it stays free for this
    host otherwise, and may be pulled and plugged in between.

    ``hold`` takes whatever right to the device there is and returns how to give it back; it raises
    :class:`HostkitError` naming who has it, and then the client is turned away. ``note`` hears what happens.
    """

    def __init__(
        self,
        spec: ShareSpec,
        hold: Callable[[], Callable[[], None]],
        note: Callable[[str], None],
        opener: Callable[[str], serial.Serial] | None = None,
    ) -> None:
        """Listen. Raises :class:`UsageError` for an address that cannot be had."""
        self._open = opener or open_device
        self._spec = spec
        self._hold = hold
        self._note = note
        self._listener = listen_tcp(spec.host, spec.port)
        self.port = int(self._listener.getsockname()[1])
        self._loop = Loop()
        self._loop.watch(self._listener, self._accept)
        self._stopping = False
        self._session: _Session | None = None

    @property
    def url(self) -> str:
        """What a client opens; by this machine's name where it listens on every address."""
        host = socket.gethostname() if self._spec.host in ("", "0.0.0.0", "::") else self._spec.host
        host = f"[{host}]" if ":" in host else host
        return f"rfc2217://{host}:{self.port}"

    def run(self) -> None:
        """Serve until :meth:`stop`."""
        while not self._stopping:
            self._loop.step(None)
            if self._session is not None and self._session.over:
                self._end_session()

    def stop(self) -> None:
        """Make :meth:`run` return; from any thread or signal handler."""
        self._stopping = True
        self._loop.wake()

    def close(self) -> None:
        """Let client and device go and listen no more."""
        self._end_session()
        self._loop.forget(self._listener)
        self._listener.close()
        self._loop.close()

    def _accept(self) -> None:
        connection = accept(self._listener)
        if connection is None:
            return
        if self._session is not None:
            self._note("turned a second client away: one at a time")
            connection.close()
            return
        try:
            with ExitStack() as opening:
                opening.callback(connection.close)
                opening.callback(self._hold())
                device = self._open(self._spec.device)
                opening.callback(device.close)
                self._session = _Session(
                    self._loop, Peer(connection, _CLIENT_LIMIT), device, opening.pop_all()
                )
        except HostkitError as error:
            self._note(f"turned a client away: {error.message}" + (f" ({error.hint})" if error.hint else ""))
            return
        self._note("client connected")

    def _end_session(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()
            self._note(f"client gone{': ' + session.problem if session.problem else ''}")


class _Session:
    """One client and the open device."""

    def __init__(self, loop: Loop, client: Peer, device: serial.Serial, release: ExitStack) -> None:
        self._loop = loop
        self._client = client
        self._device = device
        self._release = release
        self._telnet = TelnetPort(_FIRST_BAUD)
        self._unsent = bytearray()
        self.problem = ""
        self.over = False
        client.write(TelnetPort.greeting())
        self._settle()

    def close(self) -> None:
        self._loop.forget(self._client.connection)
        self._loop.forget(self._device.fileno())
        self._release.close()

    def _from_client(self) -> None:
        before = self._telnet.baud
        data, answer, settings = self._telnet.feed(self._client.read())
        try:
            if self._telnet.baud != before:
                self._device.baudrate = self._telnet.baud
            for setting in settings:
                self._apply(setting)
        except (OSError, ValueError) as error:  # a rate that the adapter cannot do is no reason to end
            self.problem = f"{self._device.name}: {error}"
        self._client.write(answer)
        self._unsent += data
        self._to_device()

    def _apply(self, setting: Setting) -> None:
        if setting.purge:
            self._client.purge()
        elif setting.lines is not None:
            for line, level in zip(("dtr", "rts"), setting.lines, strict=True):
                if getattr(self._device, line) is not level:  # the client moved one of them
                    set_line(self._device, line, level)

    def _to_device(self) -> None:
        try:
            while self._unsent:
                del self._unsent[: os.write(self._device.fileno(), self._unsent[:_CHUNK])]
        except BlockingIOError:
            pass
        except OSError as error:
            self._lose(error)
        self._settle()

    def _from_device(self) -> None:
        try:
            data = os.read(self._device.fileno(), _CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(error)
            return
        if not data:
            self._lose(None)
            return
        self._client.write(TelnetPort.escape(data))
        self._settle()

    def _flush_client(self) -> None:
        self._client.flush()
        self._settle()

    def _lose(self, error: OSError | None) -> None:
        self.problem = f"{self._device.name} vanished" + (f": {error.strerror}" if error else "")
        self.over = True

    def _settle(self) -> None:
        if self._client.gone:
            self.over = True
        if self.over:
            return
        readable = self._from_client if len(self._unsent) < _DEVICE_LIMIT else None
        self._loop.watch(
            self._client.connection, readable, self._flush_client if self._client.unsent else None
        )
        self._loop.watch(self._device.fileno(), self._from_device, self._to_device if self._unsent else None)


def open_device(path: str) -> serial.Serial:
    """Open a device for this process alone, with both lines released in the order that resets no ESP32.

    Raises :class:`InconclusiveError` when it is not there, not permitted or in use, naming who uses it.
    """
    refuse_open_port(path, path)
    device = serial.Serial(exclusive=True, timeout=0)
    device.port = path
    device.baudrate = _FIRST_BAUD
    device.dtr = True
    device.rts = True
    try:
        device.open()
        set_line(device, "rts", False)
        set_line(device, "dtr", False)
    except (serial.SerialException, OSError) as error:
        device.close()
        raise InconclusiveError(
            f"cannot open {path}: {os.strerror(error.errno) if error.errno else error}",
            hint="is it plugged in? may you open it (group dialout)? see `hostkit boards scan`",
        ) from error
    return device


def set_line(device: serial.Serial, line: str, level: bool) -> None:
    """Set DTR or RTS; what has no such lines, as a pty, is left alone."""
    try:
        setattr(device, line, level)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTTY):
            raise
