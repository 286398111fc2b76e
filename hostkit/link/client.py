"""The link as a caller uses it: one method for each operation of ``firmware/protocol/link.cddl``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, TypeVar

from hostkit.clock import Clock
from hostkit.link import bodies
from hostkit.link.challenge import Challenge, answered
from hostkit.link.errors import ContractError, ImpostorError, LinkTimeoutError, MessageError
from hostkit.link.exchange import Exchange
from hostkit.link.messages import FrameEvent, Mode, Op, Reply, Tap, op_name
from hostkit.link.recording import RecordingTransport
from hostkit.link.session import Incoming, Patience
from hostkit.link.transcript import Transcript
from hostkit.link.transport import Transport

_T = TypeVar("_T")
_READY_POLL_S = 0.05
_READ_CHUNK = 1900  # bytes of a tap in one reply: the MTU of 2048 less envelope, and no multiple of 64
BYTES_PER_LED = {
    Tap.LINEAR: 6,
    Tap.GAMMA: 6,
    Tap.LIMITED: 6,
    Tap.FRAME: 3,
    Tap.SYMBOLS: 96,
    Tap.WIRE: 3,
}
"""Bytes of each tap for one LED; :data:`Tap.SYMBOLS` has :data:`RESET_WORD_BYTES` more for each strip."""
RESET_WORD_BYTES = 4

BANNER_WORDS = "this port speaks frames"
"""What the firmware prints to a person who presses Enter, among its name and version."""


def tap_size(tap: Tap, leds: int) -> int:
    """Return how many bytes a tap has for one strip of ``leds`` LEDs."""
    return BYTES_PER_LED[tap] * leds + (RESET_WORD_BYTES if tap is Tap.SYMBOLS else 0)


class Link:
    """A request/response client over one :class:`Transport`, which it owns and closes.

    Every method that asks the board raises :class:`DeviceError` (refused), :class:`ContractError` (the reply
    is not what link.cddl says), :class:`LinkTimeoutError`, :class:`LinkLostError` (restarted meanwhile) or
    the transport's :class:`PortGoneError`. A request that got no answer is sent again with the same id, at
    most ``retries`` times, each after ``timeout_s`` or at once when it was broken on the way.
    """

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        *,
        transcript: Transcript | None = None,
        timeout_s: float = 1.0,
        retries: int = 3,
    ) -> None:
        """Talk over an open transport; nothing is sent yet."""
        self._clock = clock
        self._transcript = transcript
        self._exchange = Exchange(transport, clock, transcript)
        self._patience = Patience(round(timeout_s * 1e9), retries + 1)
        self._identity: bodies.Identity | None = None

    def __enter__(self) -> Link:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the port."""
        self.close()

    @property
    def port(self) -> str:
        """The port's name."""
        return self._exchange.transport.name

    @property
    def clock(self) -> Clock:
        """The clock that it waits by."""
        return self._exchange.clock

    @property
    def nonce(self) -> int | None:
        """The boot nonce seen last; a change means that the board restarted."""
        return self._exchange.nonce

    @property
    def text(self) -> str:
        """The newest text that the board printed outside of frames (boot text, panics), at most 16 KiB."""
        return self._exchange.text

    def text_since(self, heard: int) -> str:
        """Return what the board printed after :attr:`heard` was so much, as far as :attr:`text` goes back."""
        new = self._exchange.heard - heard
        return self._exchange.text[-new:] if new > 0 else ""

    @property
    def heard(self) -> int:
        """How many characters of text the board has printed so far."""
        return self._exchange.heard

    @property
    def resends(self) -> int:
        """How many requests had to be sent again so far."""
        return self._exchange.resends

    @property
    def reboots(self) -> int:
        """How many changes of the boot nonce were seen so far, wanted or not."""
        return self._exchange.reboots

    def close(self) -> None:
        """Close the port; a second call does nothing."""
        self._exchange.transport.close()

    def beside(
        self, wrap: Callable[[Transport], Transport], *, timeout_s: float | None = None, retries: int = 3
    ) -> Link:
        """Return another client on the same port, through what ``wrap`` puts in between.

        It knows the board as this one does, so it notices a restart at its first request. This one must rest
        meanwhile. The transcript goes on with what the port carries. The port stays this client's: what
        ``wrap`` returns must not close it. ``timeout_s`` None: as patient as this one.
        """
        inner = RecordingTransport(self._exchange.transport, self._transcript)
        patience_s = self._patience.attempt_ns / 1e9 if timeout_s is None else timeout_s
        link = Link(wrap(inner), self._clock, timeout_s=patience_s, retries=retries)
        link._identity = self._identity
        link._exchange.know(self.nonce)
        return link

    # One method an operation.

    def hello(self) -> bodies.Identity:
        """Ask who the board is. A new boot nonce is accepted here and only here."""
        return self._hello(replace(self._patience, accepts_reboot=True))

    def wait_ready(self, timeout_s: float) -> bodies.Identity:
        """Send hello through boot text until the firmware answers; return its identity.

        Raises :class:`LinkTimeoutError`, with the last line the board printed, and :class:`ImpostorError`
        where that was the banner: the firmware prints it to people who press Enter, and nobody did.
        """
        attempt_ns = round(_READY_POLL_S * 1e9)
        try:
            return self._hello(Patience(attempt_ns, max(1, round(timeout_s * 1e9) // attempt_ns), True))
        except LinkTimeoutError as error:
            if BANNER_WORDS in self.text:
                raise ImpostorError(
                    f"{self.port} prints the firmware's banner and answers nothing",
                    hint="a banner is no proof: what is at this port does not run the firmware",
                ) from error
            raise

    def echo(self, data: bytes) -> bytes:
        """Send bytes and return what came back."""
        return self.request(Op.ECHO, (data,), bodies.data)

    def patterns(self) -> tuple[str, ...]:
        """Return the names of the patterns in registry order."""
        return self.request(Op.PATTERNS, (), lambda body: bodies.texts(body, "patterns"))

    def describe(self, name: str) -> bodies.Description:
        """Return what a pattern says of itself."""
        return self.request(Op.DESCRIBE, (name,), bodies.description)

    def configure(
        self, name: str, seed: int = 0, parameters: Mapping[str, int] | None = None
    ) -> bodies.Configured:
        """Select a pattern, set every parameter (its default where not given), reset its state."""
        return self.request(Op.CONFIGURE, (name, seed, dict(parameters or {})), bodies.configured)

    def output(self, brightness: int, limit_ma: int = 0) -> bodies.Output:
        """Set brightness (0..255) and current limit (mA, 0: none)."""
        return self.request(Op.OUTPUT, (brightness, limit_ma), bodies.output)

    def audio(self, level: int, beat: int, bands: tuple[int, ...]) -> None:
        """Set the audio snapshot: level, beat and eight bands, each 0..65535."""
        self.request(Op.AUDIO, (level, beat, list(bands)), bodies.nothing)

    def mode(self, mode: Mode, fps: int = 0) -> bodies.ModeState:
        """Choose stepped or free-running time; ``fps`` 0 asks for the highest rate that the strips take."""
        return self.request(Op.MODE, (int(mode), fps), bodies.mode_state)

    def reset_state(self) -> None:
        """Put the pattern's state back to what it was after configure."""
        self.request(Op.RESET_STATE, (), bodies.nothing)

    def step(self, time_us: int) -> bodies.Step:
        """Render one frame at ``time_us`` (test mode)."""
        return self.request(Op.STEP, (time_us,), bodies.step)

    def run(self, start_us: int, step_us: int, count: int, tap: Tap = Tap.FRAME) -> tuple[int, ...]:
        """Render ``count`` (1..256) frames; return the CRC-32 of a tap over both strips for each."""
        crcs = self.request(Op.RUN, (start_us, step_us, count, int(tap)), bodies.crcs)
        if len(crcs) != count:
            raise ContractError(f"run: {len(crcs)} CRCs for {count} frames", hint="this is a firmware bug")
        return crcs

    def read(self, tap: Tap, strip: int, offset: int, count: int) -> bytes:
        """Return bytes ``offset..offset+count`` of a tap of the last frame; one reply must hold them."""
        data = self.request(Op.READ, (int(tap), strip, offset, count), bodies.data)
        if len(data) != count:
            raise ContractError(f"read: {len(data)} bytes for {count}", hint="this is a firmware bug")
        return data

    def read_tap(self, tap: Tap, strip: int) -> bytes:
        """Return a whole tap of one strip of the last frame."""
        known = self._identity or self._hello(self._patience)
        if strip >= len(known.strips):
            return self.read(tap, strip, 0, 1)  # the board says that there is no such strip
        size = tap_size(tap, known.strips[strip].leds)
        chunks = [
            self.read(tap, strip, offset, min(_READ_CHUNK, size - offset))
            for offset in range(0, size, _READ_CHUNK)
        ]
        return b"".join(chunks)

    def stats(self) -> bodies.Stats:
        """Return the firmware's counters."""
        return self.request(Op.STATS, (), bodies.stats)

    def reboot(self) -> None:
        """Ask for a restart; follow it with :meth:`wait_ready`."""
        reply = self._exchange.ask(Op.REBOOT, (), replace(self._patience, accepts_reboot=True))
        _typed("reboot", bodies.nothing, reply)

    def save(self) -> None:
        """Keep pattern, parameters, output and mode over a reset."""
        self.request(Op.SAVE, (), bodies.nothing)

    def challenge(self, question: bytes) -> Challenge:
        """Ask with 16 to 32 fresh random bytes; whether the answer holds is for the caller to judge."""
        reply = self._exchange.ask(Op.CHALLENGE, (question,), self._patience)
        return _typed("challenge", lambda body: answered(body, question, reply.nonce), reply)

    # What comes without being asked for.

    def receive(self, timeout_s: float) -> tuple[Incoming, ...]:
        """Return what came unasked, in order: events, logs, NAKs, text, broken pieces; wait for the first.

        Empty when nothing came within ``timeout_s``.
        """
        return self._exchange.receive(timeout_s)

    def events(self, timeout_s: float) -> Iterator[FrameEvent]:
        """Return the frame events of live mode; ends when none comes for ``timeout_s``."""
        return self._exchange.events(timeout_s)

    def raw(self, data: bytes) -> None:
        """Write bytes as they are, for tests that send broken frames."""
        self._exchange.write(data)

    def request(
        self,
        op: int,
        args: tuple[Any, ...],
        parse: Callable[[Any], _T],
        *,
        timeout_s: float | None = None,
    ) -> _T:
        """Ask for any operation, also one that link.cddl does not have, and parse its body.

        ``parse`` may raise :class:`MessageError`; ``timeout_s`` replaces the link's own for this request.
        """
        patience = self._patience
        if timeout_s is not None:
            patience = Patience(round(timeout_s * 1e9), patience.sends)
        return _typed(op_name(op), parse, self._exchange.ask(op, args, patience))

    def _hello(self, patience: Patience) -> bodies.Identity:
        reply = self._exchange.ask(Op.HELLO, (), patience)
        self._identity = _typed("hello", lambda body: bodies.identity(body, reply.nonce), reply)
        return self._identity


def _typed(name: str, parse: Callable[[Any], _T], reply: Reply) -> _T:
    try:
        return parse(reply.body)
    except MessageError as error:
        raise ContractError(
            f"the reply to {name} is not what link.cddl says: {error.message}",
            hint="bring firmware and link.cddl together; the transcript holds the bytes",
        ) from error
