"""The board as a test sees it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from hostkit.boards.model import BoardSpec
from hostkit.hil.album import Camera
from hostkit.hil.capture import Capture, read_tap
from hostkit.hil.compare import MismatchError, Subject, first_difference
from hostkit.hil.golden.controller import GoldenController
from hostkit.hil.golden.geometry import Geometry
from hostkit.hil.golden.model import Pattern, Setting, Stateless
from hostkit.hil.profiles import Profile
from hostkit.hil.scene import Scene, set_board
from hostkit.hil.session import HilSession
from hostkit.link.bodies import Identity
from hostkit.link.client import Link
from hostkit.link.messages import Tap

_T = TypeVar("_T")
_FEW = 2  # cases that a slow board tries of many


class BoardHandle:
    """What a board must be (``spec``, ``profile``), what it says (``identity``), how it is restarted."""

    def __init__(
        self,
        session: HilSession,
        link: Link,
        patterns: Mapping[str, Pattern],
        camera: Camera | None = None,
        measure: Callable[[str, float, str], None] = lambda _name, _value, _unit: None,
    ) -> None:
        """Wrap an open session; ``patterns`` are those that have a model.

        ``camera`` takes pictures and knows the test; ``measure`` writes down with it what is left out.
        """
        self._session = session
        self._link = link
        self._camera = Camera() if camera is None else camera
        self._measure = measure
        self.patterns = patterns

    @property
    def spec(self) -> BoardSpec:
        """What ``boards.toml`` says of it."""
        return self._session.board.spec

    @property
    def profile(self) -> Profile:
        """What must hang on it."""
        return self._session.profile

    @property
    def geometry(self) -> Geometry:
        """Where its LEDs must be."""
        return Geometry(self.profile.lengths)

    @property
    def identity(self) -> Identity:
        """What the firmware said when it was first asked, or after the last restart."""
        return self._session.identity

    @property
    def restarts(self) -> int:
        """How often the firmware restarted by its own making (panic, watchdog, software) during this run."""
        return self._session.restarts

    def has(self, feature: str) -> bool:
        """Tell whether the firmware names a feature of ``link.cddl``."""
        return feature in self.identity.features

    def reset(self) -> Identity:
        """Press the reset button and wait for the firmware; return what it says then."""
        return self._session.restart(self._session.board.reset)

    def press_reset(self) -> None:
        """Press the reset button and wait for nothing."""
        self._session.board.reset()

    def reboot(self) -> Identity:
        """Ask the firmware to restart and wait for it; return what it says then."""
        return self._session.restart(self._link.reboot)

    def model(self) -> GoldenController:
        """Return a fresh model of the board's controller."""
        return GoldenController(self.geometry, self.patterns)

    def draw(self, scene: Scene) -> int:
        """Set the board up, draw the scene's first frame, return its estimated current in mA."""
        set_board(self._link, scene)
        return self._link.step(scene.start_us).ma

    def sampled(self, scene: Scene) -> Scene:
        """Return the scene as it is drawn here: whole, unless ``boards.toml`` says ``frames`` of the board.

        Such a board, a slow one, is asked for no more frames than that, over the same stretch of time.
        """
        return scene.sampled(self.spec.frames)

    def some(self, cases: Sequence[_T], most: int = _FEW) -> tuple[_T, ...]:
        """Return which of many cases are tried here: all, unless ``boards.toml`` says ``frames``.

        Of a slow one ``most`` are, spread evenly, others for another test and the same ones at every run. How
        many of how many is written down with the test.
        """
        if not self.spec.frames or len(cases) <= most:
            return tuple(cases)
        self._measure("cases tried", most, "")
        self._measure("cases there are", len(cases), "")
        first = zlib.crc32(self._camera.test.encode()) % len(cases)
        places = sorted((first + number * len(cases) // most) % len(cases) for number in range(most))
        return tuple(cases[place] for place in places)

    def keeps_state(self, pattern: str) -> bool:
        """Tell whether a pattern's frames depend on what was drawn before, as its model says."""
        model = self.patterns[pattern]
        values, _ = model.apply({})
        return not isinstance(model.start(Setting(self.geometry, 0, values)), Stateless)

    def read(self, tap: Tap) -> Capture:
        """Read one tap of the last frame, all strips."""
        return read_tap(self._link, self.identity, tap)

    def must_draw(self, scene: Scene, tap: Tap = Tap.FRAME, *, portrait: bool = True) -> None:
        """Compare the board's frames with the model's; raise :class:`MismatchError` at a difference.

        They are those of :meth:`sampled`. The first scene of a pattern that is right goes into the report as
        its picture, but for one that is no ``portrait``, as it shows little of it.
        """
        __tracebackhide__ = True
        scene = self.sampled(scene)
        subject = Subject(self._link, self.identity, self.model)
        difference = first_difference(subject, scene, tap)
        if difference is None and portrait and tap is Tap.FRAME:
            difference = self._camera.sample(subject, scene)
        if difference is not None:
            self._camera.differs(subject, difference)
            raise MismatchError(difference)
