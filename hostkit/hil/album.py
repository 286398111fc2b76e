"""Takes pictures of a board while the suite runs: of each pattern once, and of the first differences."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from hostkit.errors import HostkitError
from hostkit.hil.capture import WIRE_FEATURE, Capture, read_tap
from hostkit.hil.compare import Difference, Subject
from hostkit.hil.golden.arithmetic import Array
from hostkit.hil.golden.controller import Frames
from hostkit.hil.golden.pipeline import Output
from hostkit.hil.picture import Picture, write_picture
from hostkit.hil.scene import Scene, set_board, set_model
from hostkit.link.messages import Tap

SAMPLE = 24
"""Frames of a picture of a pattern, spread over its scene."""

_BEFORE, _AFTER = 8, 15  # frames around the first wrong one
_SLOW_BEFORE, _SLOW_AFTER = 1, 2  # of a board where every frame costs much
_MOST_WRONG = 16  # pictures of differences in one run


class Album:
    """Keeps pictures in a directory; without one it takes none, and costs nothing."""

    def __init__(self, directory: Path | None) -> None:
        """Keep pictures in ``directory``, which is made when it is needed."""
        self._directory = directory
        self._shown: set[str] = set()
        self._wrong: set[tuple[str, Tap]] = set()

    def sample(self, test: str, subject: Subject, scene: Scene) -> tuple[str, Difference | None]:
        """Take a picture of a pattern that was just found to be right, if there is none yet.

        Returns the file's name, empty where none was taken, and where the pixels differ after all: what is
        shown is compared like everything else.
        """
        plain = scene.output == Output() and scene.count >= SAMPLE  # a dimmed scene shows little
        if self._directory is None or scene.pattern in self._shown or not plain:
            return "", None
        self._shown.add(scene.pattern)
        some = scene.sampled(SAMPLE)
        picture = _taken(test, subject, some, Tap.FRAME, range(SAMPLE))
        at = picture.first_wrong
        note = "read back pixel by pixel it differs from the model, though the CRCs of the scene were right"
        found = None if at is None else Difference(some, at, Tap.FRAME, Tap.FRAME, note=note)
        return self._keep(picture, _slug(scene.pattern)), found

    def differs(self, test: str, subject: Subject, difference: Difference, *, slow: bool) -> str:
        """Take a picture of the frames around a difference; return the file's name, "" where none was taken.

        One of each pattern and tap, and a few at most: a firmware that gets everything wrong is not looked
        at for minutes.
        """
        tap = _visible(difference, subject)
        key = (difference.scene.pattern, tap)
        if self._directory is None or key in self._wrong or len(self._wrong) >= _MOST_WRONG:
            return ""
        self._wrong.add(key)
        before, after = (_SLOW_BEFORE, _SLOW_AFTER) if slow or tap is Tap.SYMBOLS else (_BEFORE, _AFTER)
        scene, index = difference.scene, difference.index
        window = range(max(0, index - before), min(scene.count, index + after + 1))
        picture = _taken(test, subject, scene, tap, window)
        picture = replace(picture, note=str(difference).splitlines()[0])
        return self._keep(picture, f"{_slug(scene.pattern)}-{tap.label}-wrong")

    def _keep(self, picture: Picture, name: str) -> str:
        assert self._directory is not None
        write_picture(self._directory / f"{name}.json", picture)
        return f"{self._directory.name}/{name}.json"


def _ignore(_: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Camera:
    """The album as one test uses it. ``tell`` is given the name of every picture that was taken."""

    album: Album = field(default_factory=lambda: Album(None))
    test: str = ""
    tell: Callable[[str], None] = _ignore
    slow: bool = False  # every frame of the board costs much

    def sample(self, subject: Subject, scene: Scene) -> Difference | None:
        """See :meth:`Album.sample`; a slow board is spared."""
        if self.slow:
            return None
        name, found = self.album.sample(self.test, subject, scene)
        self._told(name)
        return found

    def differs(self, subject: Subject, difference: Difference) -> None:
        """See :meth:`Album.differs`. What goes wrong here is no news: the difference is the finding."""
        with suppress(HostkitError):
            self._told(self.album.differs(self.test, subject, difference, slow=self.slow))

    def _told(self, name: str) -> None:
        if name:
            self.tell(name)


def _visible(difference: Difference, subject: Subject) -> Tap:
    """Return the tap to show: what is latched rather than the symbols, where the board sees it."""
    tap = difference.tap if difference.first is None else difference.first
    if tap is Tap.SYMBOLS and WIRE_FEATURE in subject.identity.features:
        return Tap.WIRE
    return tap


def _taken(test: str, subject: Subject, scene: Scene, tap: Tap, window: range) -> Picture:
    """Draw a scene up to the end of a window of frames; read what the board shows in it."""
    model = subject.model()
    set_model(model, scene)
    frames = model.run(scene.start_us, scene.step_us, window.stop)
    set_board(subject.link, scene)
    if window.start:
        subject.link.run(scene.start_us, scene.step_us, window.start)
    leds = frames.geometry.lengths
    expected, observed = [], []
    for index in window:
        subject.link.step(scene.time_us(index))
        observed.append(_fitted(read_tap(subject.link, subject.identity, tap), leds))
        expected.append(_fitted(_wanted(frames, tap, index, subject.identity.tick_ns), leds))
    return Picture(
        test=test,
        pattern=scene.pattern,
        scene=str(scene),
        tap=tap,
        leds=leds,
        first=window.start,
        times_us=tuple(scene.time_us(index) for index in window),
        expected=np.stack(expected),
        observed=np.stack(observed),
    )


def _wanted(frames: Frames, tap: Tap, index: int, tick_ns: int) -> Capture:
    strips = range(len(frames.geometry.lengths))
    return Capture(tap, tuple(frames.strip(tap, strip, index) for strip in strips), tick_ns)


def _fitted(capture: Capture, leds: tuple[int, ...]) -> Array:
    """Return all strips' pixels one after the other; LEDs that got nothing are black."""
    fitted = []
    for strip, count in enumerate(leds):
        pixels = np.zeros((count, 3), dtype=np.int64)
        if strip < len(capture.strips):
            came = capture.pixels(strip)[:count]
            pixels[: len(came)] = came
        fitted.append(pixels)
    return np.concatenate(fitted)


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name).lstrip(".")[:60] or "pattern"
