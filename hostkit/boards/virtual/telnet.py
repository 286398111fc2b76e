"""RFC 2217 (serial port over telnet), server side. Pure: bytes in, bytes and settings out.

pyserial's own ``PortManager`` is written for a port object, works byte by byte and raises on bytes that
no well-behaved client sends; a port open to others must not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_IAC, _DONT, _DO, _WONT, _WILL, _SB, _SE = 255, 254, 253, 252, 251, 250, 240
_IAC_BYTE = b"\xff"
_BINARY, _ECHO, _SGA, _COM_PORT = 0, 1, 3, 44
_SET_BAUD, _SET_DATASIZE, _SET_PARITY, _SET_STOPSIZE, _SET_CONTROL = 1, 2, 3, 4, 5
_NOTIFY_LINE, _NOTIFY_MODEM, _LINE_MASK, _MODEM_MASK, _PURGE = 6, 7, 10, 11, 12
_SERVER = 100  # server answers carry the client's code plus 100
_DTR_ON, _DTR_OFF, _RTS_ON, _RTS_OFF = 8, 9, 11, 12
_REQUEST_DTR, _REQUEST_RTS = 7, 10
_WE_DO = {_BINARY, _ECHO, _SGA, _COM_PORT}
_THEY_DO = {_BINARY, _SGA, _COM_PORT}
_LONGEST = 64  # bytes of one subnegotiation


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that the client did to the port: it moved ``lines`` (DTR, RTS as they are now), or purged."""

    lines: tuple[bool, bool] | None = None
    purge: bool = False


class TelnetPort:
    """One client's connection. Never raises on any input; an endless subnegotiation is cut off."""

    def __init__(self, baud: int = 115_200) -> None:
        """Start as on accept; :meth:`greeting` is to be sent first."""
        self.baud = baud
        self.dtr = False
        self.rts = False
        self._parse: Callable[[int], None] | None = None
        self._command = 0
        self._sub: bytearray | None = None
        self._data = bytearray()
        self._reply = bytearray()
        self._settings: list[Setting] = []
        self._agreed: set[tuple[int, int]] = {(_WILL, _COM_PORT), (_DO, _BINARY), (_WILL, _SGA), (_DO, _SGA)}

    @staticmethod
    def greeting() -> bytes:
        """Return the options that the server asks for by itself."""
        return bytes((_IAC, _WILL, _COM_PORT, _IAC, _DO, _BINARY, _IAC, _WILL, _SGA, _IAC, _DO, _SGA))

    @staticmethod
    def escape(data: bytes) -> bytes:
        """Return serial data as it goes to the client."""
        return data.replace(_IAC_BYTE, b"\xff\xff")

    def feed(self, data: bytes) -> tuple[bytes, bytes, list[Setting]]:
        """Take bytes from the client; return serial data, what to answer, and settings in order."""
        position = 0
        while position < len(data):
            if self._parse is None:
                found = data.find(_IAC_BYTE, position)
                end = len(data) if found < 0 else found
                self._take(data[position:end])
                position = end
                if found >= 0:
                    self._parse = self._after_iac
                    position += 1
                continue
            parse, self._parse = self._parse, None
            parse(data[position])
            position += 1
        serial, answer, settings = bytes(self._data), bytes(self._reply), self._settings
        self._data, self._reply, self._settings = bytearray(), bytearray(), []
        return serial, answer, settings

    def _take(self, piece: bytes) -> None:
        if self._sub is None:
            self._data += piece
        elif len(self._sub) + len(piece) <= _LONGEST:
            self._sub += piece
        else:
            self._sub = None

    def _after_iac(self, byte: int) -> None:
        if byte == _IAC:
            self._take(_IAC_BYTE)
        elif byte == _SB:
            self._sub = bytearray()
        elif byte == _SE:
            sub, self._sub = self._sub, None
            if sub and sub[0] == _COM_PORT:
                self._com_port(bytes(sub[1:]))
        elif byte in (_DO, _DONT, _WILL, _WONT):
            self._command = byte
            self._parse = self._after_option

    def _after_option(self, option: int) -> None:
        command = self._command
        if command == _DO:
            self._agree(_WILL if option in _WE_DO else _WONT, option)
        elif command == _WILL:
            self._agree(_DO if option in _THEY_DO else _DONT, option)

    def _agree(self, answer: int, option: int) -> None:
        if (answer, option) in self._agreed:  # we asked for it: answering again could go on for ever
            return
        if answer in (_WILL, _DO):
            self._agreed.add((answer, option))
        self._reply += bytes((_IAC, answer, option))

    def _com_port(self, sub: bytes) -> None:
        if not sub:
            return
        code, value = sub[0], sub[1:]
        if code == _SET_BAUD:
            asked = int.from_bytes(value[:4], "big")
            if len(value) >= 4 and asked:
                self.baud = asked
            self._say(code, self.baud.to_bytes(4, "big"))
        elif code in (_SET_DATASIZE, _SET_PARITY, _SET_STOPSIZE):
            default = 8 if code == _SET_DATASIZE else 1
            self._say(code, bytes((value[0] if value and value[0] else default,)))
        elif code == _SET_CONTROL and value:
            self._control(value[0])
        elif code == _PURGE and value:
            self._settings.append(Setting(purge=True))
            self._say(code, value[:1])
        elif code in (_NOTIFY_MODEM, _NOTIFY_LINE):
            self._say(code, b"\0")
        elif code in (_LINE_MASK, _MODEM_MASK) and value:
            self._say(code, value[:1])

    def _control(self, what: int) -> None:
        if what in (_DTR_ON, _DTR_OFF):
            self.dtr = what == _DTR_ON
            self._settings.append(Setting(lines=(self.dtr, self.rts)))
        elif what in (_RTS_ON, _RTS_OFF):
            self.rts = what == _RTS_ON
            self._settings.append(Setting(lines=(self.dtr, self.rts)))
        elif what == _REQUEST_DTR:
            what = _DTR_ON if self.dtr else _DTR_OFF
        elif what == _REQUEST_RTS:
            what = _RTS_ON if self.rts else _RTS_OFF
        elif what == 0:  # which flow control? none
            what = 1
        self._say(_SET_CONTROL, bytes((what,)))

    def _say(self, code: int, value: bytes) -> None:
        body = value.replace(_IAC_BYTE, b"\xff\xff")
        self._reply += bytes((_IAC, _SB, _COM_PORT, code + _SERVER)) + body + bytes((_IAC, _SE))
