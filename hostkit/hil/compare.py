"""Board against model: CRCs of many frames first, pixels only where one differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from hostkit.hil.capture import Capture, read_tap, taps_of
from hostkit.hil.causes import Strips, likely_cause
from hostkit.hil.golden.arithmetic import Array
from hostkit.hil.golden.controller import Frames, GoldenController
from hostkit.hil.golden.model import SILENCE
from hostkit.hil.scene import Scene, set_board, set_model
from hostkit.link.bodies import Identity
from hostkit.link.client import Link
from hostkit.link.messages import Tap


@dataclass(frozen=True, slots=True)
class Subject:
    """A board's open link, what it says of itself, and how a model of it is made."""

    link: Link
    identity: Identity
    model: Callable[[], GoldenController]


class MismatchError(AssertionError):
    """A board does not draw what its model says; the text says where, and why if that can be seen."""

    def __init__(self, difference: Difference) -> None:
        """Keep the difference."""
        super().__init__(str(difference))
        self.difference = difference


@dataclass(frozen=True, slots=True)
class Spot:
    """The first LED that is wrong, its colours in the tap's own numbers, and how many LEDs are wrong."""

    strip: int
    led: int
    expected: tuple[int, ...]  # empty: the model has no such LED
    got: tuple[int, ...]  # empty: the board has no such LED
    wrong: int
    leds: int

    def __str__(self) -> str:
        """Return it in one line."""
        return (
            f"strip {self.strip}, LED {self.led}: expected R,G,B {_shown(self.expected)}, "
            f"got {_shown(self.got)}; {self.wrong} of {self.leds} LEDs differ"
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a board's frames part from the model's, complete enough to start work on it.

    ``tap`` was compared; ``first`` is the first tap in the pipeline that is wrong, None when the frame was
    right once it was drawn again.
    """

    scene: Scene
    index: int
    tap: Tap
    first: Tap | None
    spot: Spot | None = None
    note: str = ""
    cause: str = ""

    def __str__(self) -> str:
        """Return what a person needs to see: the gist with the likely cause in the first line, then where."""
        wrong = self.tap if self.first is None else self.first
        lines = [f"{self.scene.pattern}: tap {wrong.label} differs from the model"]
        if self.cause:
            lines[0] += f": {self.cause}"
        lines.append(f"  {self.scene}, frame {self.index} at {self.scene.time_us(self.index)} us")
        if self.first is not None:
            lines.append(f"  compared: {self.tap.label}; first wrong tap: {self.first.label}{self._before()}")
        if self.spot is not None:
            lines.append(f"  {self.spot}")
        if self.note:
            lines.append(f"  {self.note}")
        return "\n".join(lines)

    def _before(self) -> str:
        right = [tap.label for tap in Tap if self.first is not None and tap < self.first]
        return f" ({', '.join(right)} are right)" if right else ""


def first_difference(subject: Subject, scene: Scene, tap: Tap = Tap.FRAME) -> Difference | None:
    """Draw a scene on the board and on the model; return where they first part, None if nowhere.

    The model decides; the board's state is fresh before. The tap ``wire`` must equal the model's frame.
    """
    model = subject.model()
    values = set_model(model, scene)
    applied = set_board(subject.link, scene)
    if dict(applied.parameters) != values:
        note = f"the board applied {dict(applied.parameters)}, the model {values}"
        return Difference(scene, 0, tap, None, note=note, cause="parameters: names, ranges or defaults")
    with ThreadPoolExecutor(1) as beside:  # the model draws while the board does
        drawing = beside.submit(_expected, model, scene, tap)
        came = subject.link.run(scene.start_us, scene.step_us, scene.count, tap)
        frames, wanted = drawing.result()
    for index, (want, have) in enumerate(zip(wanted, came, strict=True)):
        if want != have:
            return _Inspection(subject, frames, scene, tap, index).result(have)
    return None


def _expected(model: GoldenController, scene: Scene, tap: Tap) -> tuple[Frames, list[int]]:
    frames = model.run(scene.start_us, scene.step_us, scene.count)
    return frames, frames.crcs(tap)


@dataclass(frozen=True, slots=True)
class _Inspection:
    """Draws one frame again and looks at it closely."""

    subject: Subject
    frames: Frames
    scene: Scene
    tap: Tap
    index: int

    def result(self, have: int) -> Difference:
        self._draw_again()
        for tap in taps_of(self.subject.identity):
            seen = read_tap(self.subject.link, self.subject.identity, tap)
            wanted = self._wanted(tap)
            if seen.strips != wanted.strips:
                return self._difference(seen, wanted)
        want = self.frames.crc(self.tap, self.index)
        note = (
            f"run answered CRC {have:08x} instead of {want:08x}, but drawn again every tap is right: "
            "the board is not deterministic, or its CRC is not over what it drew"
        )
        return Difference(self.scene, self.index, self.tap, None, note=note)

    def _draw_again(self) -> None:
        link = self.subject.link
        set_board(link, self.scene)
        if self.index:
            link.run(self.scene.start_us, self.scene.step_us, self.index)
        link.step(self.scene.time_us(self.index))

    def _wanted(self, tap: Tap) -> Capture:
        count = len(self.frames.geometry.lengths)
        strips = tuple(self.frames.strip(tap, strip, self.index) for strip in range(count))
        return Capture(tap, strips, self.subject.identity.tick_ns)

    def _difference(self, seen: Capture, wanted: Capture) -> Difference:
        expected, got = wanted.all_pixels, seen.all_pixels
        cause = likely_cause(expected, got, dict(self._alternatives(seen.tap)))
        if seen.tap in (Tap.SYMBOLS, Tap.WIRE) and cause:
            cause = f"on the wire {cause}"
        note = _symbol_note(seen, wanted) if seen.tap is Tap.SYMBOLS else ""
        spot = _first_wrong(expected, got)
        return Difference(self.scene, self.index, self.tap, seen.tap, spot, note, cause)

    def _alternatives(self, tap: Tap) -> Iterator[tuple[str, Strips]]:
        """Yield what would have been drawn if something else had been asked."""
        scene, time = self.scene, self.scene.time_us(self.index)
        variants: list[tuple[str, Scene, int]] = [
            ("the frame is one step early", scene, self.index + 1),
            ("the frame is one step late", scene, self.index - 1),
            ("the frame is the one of time 0: time stands still", replace(scene, start_us=0), 0),
            ("time is cut to 32 bits", replace(scene, start_us=time % (1 << 32)), 0),
            ("the seed is ignored", replace(scene, seed=0), self.index),
            ("the parameters are ignored", replace(scene, params={}), self.index),
            ("the audio is ignored", replace(scene, audio=SILENCE), self.index),
        ]
        for cause, variant, index in variants:
            if index >= 0 and (variant != scene or index != self.index):
                yield cause, self._drawn(variant, index, tap)

    def _drawn(self, scene: Scene, index: int, tap: Tap) -> Strips:
        model = self.subject.model()
        set_model(model, scene)
        frames = model.run(scene.start_us, scene.step_us, index + 1)
        count = len(self.frames.geometry.lengths)
        strips = tuple(frames.strip(tap, strip) for strip in range(count))
        return Capture(tap, strips, self.subject.identity.tick_ns).all_pixels


def _first_wrong(expected: Strips, got: Strips) -> Spot | None:
    """Return the first LED that differs; None when all colours are the same."""
    first: Spot | None = None
    wrong = 0
    for strip, (want, have) in enumerate(zip(expected, got, strict=True)):
        short = min(len(want), len(have))
        bad = np.flatnonzero((want[:short] != have[:short]).any(axis=1)).tolist()
        bad += range(short, max(len(want), len(have)))
        wrong += len(bad)
        if bad and first is None:
            first = Spot(strip, bad[0], _colour(want, bad[0]), _colour(have, bad[0]), 0, 0)
    return first and replace(first, wrong=wrong, leds=sum(map(len, expected)))


def _colour(pixels: Array, led: int) -> tuple[int, ...]:
    return tuple(pixels[led].tolist()) if led < len(pixels) else ()


def _shown(colour: tuple[int, ...]) -> str:
    return "(" + ", ".join(map(str, colour)) + ")" if colour else "nothing"


def _symbol_note(seen: Capture, wanted: Capture) -> str:
    """Say what is wrong with the symbols themselves, where the colours alone do not tell."""
    for strip in range(len(wanted.strips)):
        fault = seen.latched(strip).fault
        if fault is not None:
            return f"strip {strip}, bit {fault.bit} (LED {fault.bit // 24}): {fault.reason}"
        have, want = seen.words(strip), wanted.words(strip)
        if have.shape != want.shape:
            return f"strip {strip} has {have.size} words instead of {want.size}"
        bad = np.flatnonzero(have != want)
        if bad.size:
            at = int(bad[0])
            return f"strip {strip}, word {at}: expected {want[at]:#010x}, got {have[at]:#010x}"
    return ""
