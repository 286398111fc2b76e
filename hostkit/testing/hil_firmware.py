"""A firmware that is right by definition: it answers with the golden models.

Tests of the suite run against it, and against copies of it that are wrong in one way.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from typing import Any

from hostkit.clock import Clock
from hostkit.hil.golden.controller import Frames, GoldenController
from hostkit.hil.golden.geometry import Geometry
from hostkit.hil.golden.model import Audio
from hostkit.hil.golden.symbols import encode
from hostkit.hil.profiles import find_profile
from hostkit.link.errors import MessageError
from hostkit.link.framing import Reason
from hostkit.link.messages import (
    FrameEvent,
    Level,
    Log,
    Message,
    Mode,
    Nak,
    Op,
    Reply,
    Request,
    Status,
    Tap,
    decode_message,
)
from hostkit.testing.clock import FakeClock
from hostkit.testing.hil_flaws import Flaws, Strips
from hostkit.testing.link import MemoryTransport
from hostkit.testing.link_device import BANNER, FakeFirmware

_FLOOR_US = 5100
_U32, _U64 = 1 << 32, 1 << 64
_LIVE_FRAMES = 64  # events that are sent at a time
_LEAST_AHEAD = 8  # of them, before more are
_MOST_READ = 2000
_MOST_NAMES = 24


class ModelFirmware(FakeFirmware):
    """Speaks all of ``link.cddl`` and draws what the models say, through whatever flaws it is given."""

    def __init__(
        self, transport: MemoryTransport, flaws: Flaws, *, clock: Clock | None = None, build: str = "0" * 64
    ) -> None:
        """Serve the board's end of a line; call :meth:`boot` to start.

        A fake ``clock`` is moved on as a host hears of live frames: see :meth:`heard`.
        """
        self.flaws = flaws
        self._clock = clock
        self._period_us = _FLOOR_US
        self._live_seq = self._ahead = 0
        self._starts_live = self._undisturbed = False
        self._profile = find_profile("dual-160")
        self._model = GoldenController(Geometry(self._profile.lengths))
        self._frames: Frames | None = None
        self._chosen: tuple[str, int, dict[str, int], tuple[int, int]] = ("rainbow", 0, {}, (96, 2000))
        self._saved = self._chosen
        self.end = transport
        self.heap_min = 40_000
        super().__init__(transport, build=build)
        self.mac = "02:00:00:00:00:01"

    def connect(self, transport: MemoryTransport) -> None:
        """Serve another line from now on."""
        self._transport = self.end = transport
        transport.on_bytes = self.take

    def boot(self, reset: str = "power-on", *, silent: bool = False) -> None:
        """Start as :class:`FakeFirmware` does, and say so in the log."""
        super().boot(reset, silent=silent)
        self.say(Log(self.nonce, Level.INFO, 0, "ready"))

    def _restore(self) -> None:
        super()._restore()
        self._model = GoldenController(Geometry(self._profile.lengths))
        self._frames = None
        self._drawn = 0
        self._booted_us = self.end.now_us
        self._chosen = self._saved
        name, seed, parameters, output = self._saved
        self._model.configure(name, seed, parameters)
        self._model.output(*output)

    def take(self, data: bytes) -> None:
        """Handle bytes from the host; a bare newline gets the banner at once."""
        if data in (b"\n", b"\r\n"):
            self._transport.write(BANNER)
        else:
            super().take(data)

    def _handle(self, payload: bytes) -> None:
        try:
            request: Message | None = decode_message(payload)
        except MessageError:
            request = None
        if isinstance(request, Request):
            super()._handle(payload)
            return
        self._lost += 1
        self.say(Nak(self.nonce, Reason.BAD_CBOR, self._lost))

    def _reply(self, reply: Reply) -> None:
        if not self.mute:  # also when it fell silent while it was executing
            super()._reply(reply)
        if self._starts_live:
            self._starts_live = False
            self._undisturbed = True
            self._live_seq = self._ahead = 0
            self._go_live()

    def _stats(self) -> dict[str, int]:
        memory = {"heap-min": self.heap_min, "allocations": 12, "stack-free": 6_000}
        counted = {"frames": self._drawn, "naks": self._lost, "uptime-us": self.end.now_us - self._booted_us}
        return self.flaws.on_stats(super()._stats() | memory | counted)

    def _execute(self, request: Request) -> tuple[Status, Any]:
        self._undisturbed = False
        self.flaws.before(self, request)
        handlers: dict[int, Callable[..., Any]] = {
            Op.HELLO: lambda: self._identity() | self._itself(),
            Op.ECHO: _echo,
            Op.PATTERNS: lambda: list(self._model.patterns),
            Op.DESCRIBE: self._describe,
            Op.CONFIGURE: self._configure,
            Op.OUTPUT: self._output,
            Op.AUDIO: self._audio,
            Op.MODE: self._set_mode,
            Op.RESET_STATE: self._model.reset_state,
            Op.STEP: self._step,
            Op.RUN: self._run,
            Op.READ: self._read,
            Op.STATS: self._stats,
            Op.REBOOT: lambda: None,
            Op.SAVE: self._save,
            Op.CHALLENGE: self._challenge,
        }
        if request.op not in handlers:
            return Status.UNKNOWN_OP, "no such operation"
        if self._mode is Mode.LIVE and request.op in (Op.STEP, Op.RUN):
            return Status.WRONG_MODE, "live"
        try:
            return Status.OK, handlers[request.op](*request.args)
        except (TypeError, AttributeError) as error:
            return Status.BAD_ARGS, str(error)
        except LookupError as error:
            return Status.NOT_FOUND, str(error)
        except ValueError as error:
            return Status.OUT_OF_RANGE, str(error)

    def _itself(self) -> dict[str, Any]:
        strips = [[strip.gpio, strip.leds, strip.order] for strip in self._profile.strips]
        told = {"features": ["audio", "live", "storage", "wire"], "strips": strips}
        return told | {"uptime-us": self.end.now_us - self._booted_us} | self.flaws.identity

    def _describe(self, name: str) -> list[Any]:
        pattern = self._model.patterns[name]
        told = [[p.name, int(p.type), p.minimum, p.maximum, p.default, p.unit] for p in pattern.parameters]
        return [pattern.name, pattern.audio_driven, told]

    def _configure(self, name: str, seed: int, parameters: dict[str, int]) -> list[Any]:
        if len(parameters) > _MOST_NAMES:
            raise TypeError("params: too many names")
        for key, number in parameters.items():
            if type(number) is not int or not -(1 << 63) <= number < 1 << 63:
                raise TypeError("params: no integer of 64 bits")
            if not 1 <= len(key) <= 16 or not all("!" <= letter <= "~" for letter in key):
                raise TypeError("params: no name")
        values, flagged = self._model.configure(name, _u(seed, _U32), parameters)
        self._chosen = (name, seed, values, self._chosen[3])
        return [values, flagged]

    def _output(self, brightness: int, limit_ma: int) -> list[int]:
        applied = self._model.output(*self.flaws.on_output(_u(brightness), _u(limit_ma)))
        self._chosen = (*self._chosen[:3], applied)
        return list(applied)

    def _save(self) -> None:
        self._saved = self._chosen

    def _audio(self, level: int, beat: int, bands: list[int]) -> None:
        for number in (level, beat, *bands):
            _u(number, 1 << 16)
        super()._audio(level, beat, bands)
        self._model.audio(Audio(level, beat, tuple(bands)))

    def _set_mode(self, mode: int, fps: int) -> list[int]:
        self._mode = Mode(_u(mode, 2))
        rate = min(fps or 196, 196)
        if self._mode is Mode.LIVE:
            self._period_us = 1_000_000 // rate if rate < 196 else _FLOOR_US
            self._starts_live = True
        return [mode, rate if self._mode is Mode.LIVE else 0]

    def _go_live(self) -> None:
        """Send the next frames of live mode; see :meth:`heard`."""
        first = self._live_seq
        times = [seq * self._period_us for seq in range(first, first + _LIVE_FRAMES)]
        self._live_seq += _LIVE_FRAMES
        frames = self._model.render(times)
        crcs = frames.crcs(Tap.FRAME)
        for index, time_us in enumerate(times):
            event = FrameEvent(
                self.nonce, first + index, time_us, 300, _FLOOR_US, crcs[index], frames.milliamps[index], 0
            )
            told = self.flaws.on_event(event)
            if told is not None:
                self._ahead += 1
                self.say(told)
        if self._ahead <= 0:  # a board that says nothing of its frames never will
            self._ahead = sys.maxsize
        self._frames = frames

    def heard(self) -> None:
        """Go on with live mode as the host reads; time goes by until it asks for something else."""
        if self._mode is not Mode.LIVE:
            return
        if self._undisturbed and isinstance(self._clock, FakeClock):
            self._clock.advance(self._period_us / 1e6)
        self._ahead -= 1
        if self._ahead < _LEAST_AHEAD:
            self._go_live()

    def _step(self, time_us: int) -> list[int]:
        self._frames = self._model.step(self.flaws.on_time(_u(time_us)))
        self._drawn += 1
        return [self._crc(self._frames, Tap.FRAME, 0), self._frames.milliamps[0]]

    def _run(self, start_us: int, step_us: int, count: int, tap: int) -> list[int]:
        if _u(tap) > Tap.WIRE:
            raise LookupError("no such tap")
        if not 1 <= count <= 256:
            raise ValueError("count is 1..256")
        times = [(_u(start_us) + index * _u(step_us)) % _U64 for index in range(count)]
        frames = self._model.render([self.flaws.on_time(time_us) for time_us in times])
        self._frames = frames
        self._drawn += count
        return [self._crc(frames, Tap(tap), index) for index in range(count)]

    def _read(self, tap: int, strip: int, offset: int, count: int) -> bytes:
        if _u(tap) > Tap.WIRE or _u(strip) >= len(self._profile.strips):
            raise LookupError("no such tap or strip")
        frames = self._frames if self._frames is not None else self._model.step(0)
        data = self._bytes(frames, Tap(tap), strip, len(frames.times) - 1)
        if _u(offset) + _u(count) > len(data) or count > _MOST_READ:
            raise ValueError("past the end")
        return data[offset : offset + count]

    def _crc(self, frames: Frames, tap: Tap, index: int) -> int:
        strips = range(len(self._profile.strips))
        return zlib.crc32(b"".join(self._bytes(frames, tap, strip, index) for strip in strips))

    def _bytes(self, frames: Frames, tap: Tap, strip: int, index: int) -> bytes:
        if tap < Tap.FRAME:
            return frames.strip(tap, strip, index)
        strips: Strips = [frames.taps.frame[index, part] for part in frames.geometry.slices]
        strips = self.flaws.on_frame(strips)
        if tap is Tap.FRAME:
            return strips[strip].tobytes()
        strips = self.flaws.on_wire(strips)
        if tap is Tap.WIRE:
            return strips[strip].tobytes()
        return self.flaws.on_symbols(encode(strips[strip])).astype("<u4").tobytes()


def _u(value: int, below: int = _U64) -> int:
    if type(value) is not int or not 0 <= value < below:
        raise TypeError(f"not a number below {below}")
    return value


def _echo(data: bytes) -> bytes:
    if not isinstance(data, bytes):
        raise TypeError("bytes")
    if len(data) > _MOST_READ:
        raise ValueError("too many bytes")
    return data
