"""The only file that opens ports: serial devices, ptys, ``socket://`` and pyserial's other URLs."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import time
import warnings
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import serial

from hostkit.holders import find_holder
from hostkit.link.errors import PortBusyError, PortGoneError, PortStuckError

_CHUNK = 65536
_WRITE_TIMEOUT_S = 5.0
_CONNECT_TIMEOUT_S = 5.0
_MOST_PENDING = 1 << 20
_URL_POLL_S = 0.05  # pyserial's RFC 2217 client sleeps 50 ms for every setting, so its time-out never changes
_GONE = (errno.EIO, errno.ENXIO, errno.ENODEV, errno.EBADF, errno.ECONNRESET, errno.EPIPE)


class Transport(Protocol):
    """A byte stream to a board. Every kind passes ``tests/contract/link``."""

    @property
    def name(self) -> str:
        """The port as people know it."""
        ...

    def read(self, timeout_s: float) -> bytes:
        """Return what has arrived, waiting at most about ``timeout_s`` for the first byte; else nothing.

        Raises :class:`PortGoneError` when the port has vanished or is closed.
        """
        ...

    def write(self, data: bytes) -> None:
        """Send all bytes.

        Raises :class:`PortGoneError`, or :class:`PortStuckError` when nobody takes them.
        """
        ...

    def close(self) -> None:
        """Give the port back; a second call does nothing."""
        ...


def open_transport(port: str, *, baud: int = 115_200) -> Transport:
    """Open a port for exclusive use without resetting the board behind it.

    Raises :class:`PortBusyError` (naming the holder) or :class:`PortGoneError`.
    """
    if port.startswith("socket://"):
        return _open_socket(port)
    if "://" in port:
        return UrlTransport(port, baud)
    return _open_device(port, baud)


class DescriptorTransport:
    """A file descriptor: reads whatever the kernel holds in one call, never byte by byte."""

    def __init__(self, name: str, owner: serial.SerialBase | socket.socket) -> None:
        """Take over an open, non-blocking ``owner``; it is closed by :meth:`close`."""
        self._name = name
        self._owner = owner
        self._fd = owner.fileno()
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)
        self._pending = b""
        self._closed = False

    @property
    def name(self) -> str:
        """The port as people know it."""
        return self._name

    def read(self, timeout_s: float) -> bytes:
        """Return what has arrived; see :class:`Transport`."""
        self._check_open()
        if self._pending:
            data, self._pending = self._pending, b""
            return data
        if not self._poll.poll(max(0.0, timeout_s) * 1000):
            return b""
        return self._read_now()

    def write(self, data: bytes) -> None:
        """Send all bytes, taking in what arrives meanwhile, so that two full buffers cannot lock up."""
        self._check_open()
        deadline = time.monotonic() + _WRITE_TIMEOUT_S
        view = memoryview(data)
        while view:
            try:
                sent = os.write(self._fd, view)
            except BlockingIOError:
                self._wait_writable(deadline - time.monotonic())
                continue
            except OSError as error:
                raise self._gone(error) from error
            view = view[sent:]

    def close(self) -> None:
        """Give the port back."""
        if not self._closed:
            self._closed = True
            with contextlib.suppress(OSError):
                self._owner.close()

    def _read_now(self) -> bytes:
        try:
            data = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise self._gone(error) from error
        if not data:
            raise self._gone(None)
        return data

    def _wait_writable(self, left_s: float) -> None:
        if left_s <= 0:
            raise PortStuckError(
                f"{self._name} took no bytes for {_WRITE_TIMEOUT_S:.0f} s",
                hint="nothing reads at the other end: reset the board, or look whether its process hangs",
            )
        readable, _, _ = select.select([self._fd], [self._fd], [], left_s)
        if readable:
            self._pending = (self._pending + self._read_now())[-_MOST_PENDING:]

    def _check_open(self) -> None:
        if self._closed:
            raise PortGoneError(f"{self._name} is closed", hint="open it again")

    def _gone(self, error: OSError | None) -> PortGoneError:
        detail = f": {error.strerror}" if error is not None and error.errno not in _GONE else ""
        return PortGoneError(
            f"{self._name} vanished while it was in use{detail}",
            hint="look at the cable and the board's supply; a virtual board: see `hostkit boards list`",
        )


class UrlTransport:
    """Any other URL of pyserial, such as ``rfc2217://host:port`` and ``loop://``."""

    def __init__(self, url: str, baud: int) -> None:
        """Open it with DTR and RTS released."""
        self._name = url
        try:
            self._serial = serial.serial_for_url(url, do_not_open=True, timeout=_URL_POLL_S)
        except (ValueError, serial.SerialException) as error:
            raise PortGoneError(f"{url} is no port: {error}", hint="see boards.toml") from error
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"serial\.")
            _open_without_reset(self._serial, url, baud)

    @property
    def name(self) -> str:
        """The port as people know it."""
        return self._name

    def read(self, timeout_s: float) -> bytes:
        """Return what has arrived; see :class:`Transport`. May wait 50 ms longer than asked."""
        deadline = time.monotonic() + timeout_s
        try:
            while True:
                waiting = self._serial.in_waiting
                if not waiting and timeout_s <= 0:
                    return b""
                data = bytes(self._serial.read(waiting or 1))
                if data or time.monotonic() >= deadline:
                    return data + bytes(self._serial.read(self._serial.in_waiting))
        except (serial.SerialException, OSError) as error:
            raise self._gone(error) from error

    def write(self, data: bytes) -> None:
        """Send all bytes; see :class:`Transport`."""
        try:
            self._serial.write(data)
        except serial.SerialTimeoutException as error:
            raise PortStuckError(f"{self._name} took no bytes", hint="reset the board") from error
        except (serial.SerialException, OSError) as error:
            raise self._gone(error) from error

    def close(self) -> None:
        """Give the port back."""
        with contextlib.suppress(serial.SerialException, OSError):
            self._serial.close()

    def _gone(self, error: Exception) -> PortGoneError:
        return PortGoneError(
            f"{self._name} was lost: {error}", hint="look whether the port server still runs, then try again"
        )


def _open_device(port: str, baud: int) -> Transport:
    device = serial.Serial(exclusive=True, timeout=0)
    device.port = port
    _open_without_reset(device, port, baud)
    return DescriptorTransport(port, device)


def _open_socket(port: str) -> Transport:
    address = urlsplit(port)
    if address.hostname is None or address.port is None:
        raise PortGoneError(f"{port} is no port", hint="write socket://HOST:PORT")
    try:
        stream = socket.create_connection((address.hostname, address.port), _CONNECT_TIMEOUT_S)
    except OSError as error:
        raise PortGoneError(
            f"cannot connect to {port}: {error.strerror or error}", hint="look whether the port server runs"
        ) from error
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    stream.setblocking(False)
    return DescriptorTransport(port, stream)


def _open_without_reset(device: serial.SerialBase, port: str, baud: int) -> None:
    """Open with both lines asserted, as the kernel does anyway, then release RTS before DTR.

    An ESP32's reset line is low while RTS is asserted and DTR is not; this order never passes through it.
    """
    device.baudrate = baud
    device.dtr = True
    device.rts = True
    try:
        device.open()  # type: ignore[attr-defined]
        _release(device, "rts")
        _release(device, "dtr")
    except (serial.SerialException, OSError, ValueError) as error:
        device.close()
        raise _open_error(port, error) from error


def _release(device: serial.SerialBase, line: str) -> None:
    try:
        setattr(device, line, False)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTTY):  # a pty has no such lines
            raise


def _open_error(port: str, error: Exception) -> PortGoneError | PortBusyError:
    number = getattr(error, "errno", None)
    if number in (errno.EWOULDBLOCK, errno.EBUSY) or "exclusively lock" in str(error):
        holder = find_holder(Path(port))
        return PortBusyError(port, holder.pid, holder.command) if holder else PortBusyError(port, None, "")
    if number in (errno.EACCES, errno.EPERM):
        return PortGoneError(
            f"no permission to open {port}", hint="join the group that owns it (often dialout), log in again"
        )
    if number == errno.ENOENT or (not Path(port).exists() and "://" not in port):
        return PortGoneError(
            f"{port} is not there", hint="look at the cable, or at `hostkit boards list` for its new name"
        )
    return PortGoneError(f"cannot open {port}: {error}", hint="see `hostkit boards list`")
