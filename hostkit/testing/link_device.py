"""A firmware small enough to read in one go: it answers link.cddl over a :class:`MemoryTransport`."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from hostkit.link.challenge import digest_of
from hostkit.link.errors import MessageError
from hostkit.link.framing import Broken, Frame, FrameDecoder, Text, encode_frame
from hostkit.link.messages import (
    FrameEvent,
    Message,
    Mode,
    Nak,
    Op,
    Reply,
    Request,
    Status,
    Tap,
    decode_message,
    encode_message,
)
from hostkit.testing.link import MemoryTransport

LEDS = 160
BOOT_TEXT = b"ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13\r\nentry 0x400805e4\r\n"
BANNER = b"led-controller: this port speaks frames, see link.cddl\r\n"
_STEP_COUNT = 256


class Uart(Protocol):
    """Where a firmware's bytes go; a :class:`MemoryTransport` is one."""

    def write(self, data: bytes) -> None:
        """Send bytes to the host."""
        ...


class FakeFirmware:
    """Draws one made-up pattern, ``ramp``; every other part of the protocol is as link.cddl says.

    ``executed`` lists the operations that really ran (a repeated request runs once). ``reboot_in_reply``
    makes the next reply break off after so many bytes, followed by a restart. ``mute`` drops all replies.
    """

    def __init__(self, transport: Uart, *, build: str = "0" * 64, chip: str = "esp32") -> None:
        """Serve the board's end of a line; call :meth:`boot` to start.

        Bytes from a :class:`MemoryTransport` are taken as they come; from any other UART hand them to
        :meth:`take`.
        """
        self._transport = transport
        if isinstance(transport, MemoryTransport):
            transport.on_bytes = self.take
        self._decoder = FrameDecoder()
        self.build = build
        self.chip = chip
        self.mac = "24:0a:c4:00:00:01"
        self.nonce = 0
        self.boots = 0
        self.reset = "power-on"
        self.garbage = b""
        self.reboot_in_reply: int | None = None
        self.mute = False
        self.executed: list[int] = []
        self._last: tuple[bytes, Reply] | None = None
        self._running = False
        self._restore()

    def boot(self, reset: str = "power-on", *, silent: bool = False) -> None:
        """Start: print :attr:`garbage` and the ROM's text (unless ``silent``), draw a new boot nonce."""
        self.boots += 1
        self.nonce = self.draw_nonce()
        self.reset = reset
        self._decoder = FrameDecoder()
        self._last = None
        self._restore()
        self._running = True
        if not silent:
            self._transport.write(self.garbage + BOOT_TEXT)

    def draw_nonce(self) -> int:
        """Return what tells this boot from all others."""
        return zlib.crc32(f"{os.getpid()}/{id(self)}/{self.boots}".encode()) or 1

    def halt(self) -> None:
        """Stop answering, as a board in its ROM loader does."""
        self._running = False

    def say(self, message: Message) -> None:
        """Send a message as it is."""
        self._transport.write(encode_frame(encode_message(message)))

    def emit(self, count: int) -> None:
        """Send frame events as live mode does."""
        for _ in range(count):
            self._seq += 1
            self.say(FrameEvent(self.nonce, self._seq, self._seq * 5080, 300, 5080, 0, 320, 0))

    def take(self, data: bytes) -> None:
        """Handle bytes from the host."""
        if not self._running:
            return
        pieces = self._decoder.feed(data)
        if data.endswith(b"\n"):  # a person at a terminal sends no 0x00
            pieces += self._decoder.flush_text()
        for piece in pieces:
            match piece:
                case Frame(payload):
                    self._handle(payload)
                case Broken(reason, _):
                    self._lost += 1
                    self.say(Nak(self.nonce, reason, self._lost))
                case Text():
                    self._transport.write(BANNER)

    def _restore(self) -> None:
        self._lost = self._seq = self._repeats = 0
        self._frame = bytes(LEDS * 3)
        self._mode = Mode.TEST
        self._level = self._seed = 0

    def _handle(self, payload: bytes) -> None:
        try:
            request = decode_message(payload)
        except MessageError:
            return
        if not isinstance(request, Request) or self.mute:
            return
        if self._last is not None and self._last[1].id == request.id:
            if self._last[0] == payload:
                self._repeats += 1
                self._reply(self._last[1])
            else:
                self._reply(Reply(request.id, self.nonce, Status.ID_REUSED, "id reused"))
            return
        self.executed.append(request.op)
        status, body = self._execute(request)
        reply = Reply(request.id, self.nonce, status, body)
        self._last = (payload, reply)
        self._reply(reply)
        if request.op == Op.REBOOT:
            self.boot("software")

    def _reply(self, reply: Reply) -> None:
        wire = encode_frame(encode_message(reply))
        if self.reboot_in_reply is not None:
            kept, self.reboot_in_reply = self.reboot_in_reply, None
            self._transport.write(wire[:kept])
            self.boot("brownout")
            return
        self._transport.write(wire)

    def _execute(self, request: Request) -> tuple[Status, Any]:
        handlers: Mapping[int, Callable[..., Any]] = {
            Op.HELLO: self._identity,
            Op.ECHO: lambda data: data,
            Op.PATTERNS: lambda: ["ramp"],
            Op.DESCRIBE: lambda name: [name, False, [["level", 0, 0, 255, 10, ""]]],
            Op.CONFIGURE: self._configure,
            Op.OUTPUT: lambda brightness, limit: [brightness, limit],
            Op.AUDIO: self._audio,
            Op.MODE: self._set_mode,
            Op.RESET_STATE: lambda: None,
            Op.STEP: lambda time_us: [self._render(time_us), LEDS * 2],
            Op.RUN: self._run,
            Op.READ: self._read,
            Op.STATS: self._stats,
            Op.REBOOT: lambda: None,
            Op.SAVE: lambda: None,
            Op.CHALLENGE: self._challenge,
        }
        handler = handlers.get(request.op)
        if handler is None:
            return Status.UNKNOWN_OP, f"no operation {request.op}"
        try:
            return Status.OK, handler(*request.args)
        except TypeError as error:
            return Status.BAD_ARGS, str(error)
        except LookupError as error:
            return Status.NOT_FOUND, str(error)
        except ValueError as error:
            return Status.OUT_OF_RANGE, str(error)

    def _render(self, time_us: int) -> int:
        step = (time_us // 1000 + self._level) & 0xFF
        self._frame = bytes((led + step) & 0xFF for led in range(LEDS) for _ in "rgb")
        return zlib.crc32(self._frame * 2)

    def _run(self, start_us: int, step_us: int, count: int, tap: int) -> list[int]:
        if not 1 <= count <= _STEP_COUNT:
            raise ValueError("count")
        if tap != Tap.FRAME:
            raise LookupError("tap")
        return [self._render(start_us + index * step_us) for index in range(count)]

    def _read(self, tap: int, strip: int, offset: int, count: int) -> bytes:
        if strip not in (0, 1):
            raise LookupError("strip")
        content = {Tap.FRAME: self._frame, Tap.SYMBOLS: bytes(LEDS * 96 + 4)}[Tap(tap)]
        if offset + count > len(content):
            raise ValueError("offset")
        return content[offset : offset + count]

    def _audio(self, level: int, beat: int, bands: list[int]) -> None:
        if len(bands) != 8 or not all(0 <= value <= 0xFFFF for value in (level, beat, *bands)):
            raise TypeError("audio")

    def _configure(self, name: str, seed: int, parameters: dict[str, int]) -> list[Any]:
        if name != "ramp":
            raise LookupError(name)
        wanted = parameters.get("level", 10)
        self._level = max(0, min(255, wanted))
        self._seed = seed
        clamped = ["level"] * (wanted != self._level) + ["?" + key for key in parameters if key != "level"]
        return [{"level": self._level}, clamped]

    def _set_mode(self, mode: int, fps: int) -> list[int]:
        self._mode = Mode(mode)
        return [mode, fps or 196]

    def _challenge(self, question: bytes) -> list[Any]:
        if not isinstance(question, bytes):
            raise TypeError("question")
        if not 16 <= len(question) <= 32:
            raise ValueError("a question has 16 to 32 bytes")
        octets = bytes.fromhex(self.mac.replace(":", ""))
        return [digest_of(question, self.build, octets, self.nonce), self.build, self.mac]

    def _stats(self) -> dict[str, int]:
        counted = {"requests": len(self.executed), "repeats": self._repeats, "frames-broken": self._lost}
        names = ["frames", "dropped", "events-lost", "uptime-us", "naks"]
        names += ["heap-min", "allocations", "stack-free"]
        return dict.fromkeys(names, 0) | counted

    def _identity(self) -> dict[str, Any]:
        return {
            "proto": 1,
            "project": "led-controller",
            "version": "0.0.0",
            "commit": "",
            "dirty": False,
            "build": self.build,
            "profile": "dual-160",
            "chip": self.chip,
            "port": "host",
            "mac": self.mac,
            "features": ["live"],
            "boots": self.boots,
            "reset": self.reset,
            "mtu": 2048,
            "tick-ns": 25,
            "reset-us": 300,
            "strips": [[5, LEDS, "GRB"], [4, LEDS, "GRB"]],
            "uptime-us": 0,
        }
