"""A long run on one board: scenes drawn at random, compared with the model, and marks of what wears out."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hostkit.clock import Clock
from hostkit.hil.duration import clock_face
from hostkit.hil.golden.model import Audio, Pattern
from hostkit.hil.golden.pipeline import Output
from hostkit.hil.handle import BoardHandle
from hostkit.hil.scene import Scene, set_board, set_model
from hostkit.hil.timing import ClockReading, Drift, LiveRun, collect_live, drift
from hostkit.hil.variants import drawn
from hostkit.link.bodies import Stats
from hostkit.link.client import Link
from hostkit.link.messages import Tap

CLOCK_PPM = 200
"""What a crystal may be off, with some margin: 10 ppm by data sheet, more when hot, old or cheap."""

_LIVE_EVERY = 4  # rounds: the others step
_LIVE_FRAMES = 25
_LEAST_ROUNDS = _LIVE_EVERY  # however short it is: one of them is live
_TELL_EVERY_NS = 5_000_000_000


@dataclass(frozen=True, slots=True)
class SoakPlan:
    """How long at least, and the seed of everything that is drawn at random."""

    seconds: float
    seed: int


@dataclass(frozen=True, slots=True)
class Reading:
    """The board's counters, and between which two moments of the host's clock (ns) it read them."""

    asked_ns: int
    stats: Stats
    came_ns: int

    @property
    def took_ns(self) -> int:
        """How long the request took."""
        return self.came_ns - self.asked_ns

    @property
    def clock(self) -> ClockReading:
        """What it says of the board's clock: it was read at some moment of the request."""
        middle_ns = (self.asked_ns + self.came_ns) // 2
        return ClockReading(middle_ns, (self.took_ns + 1) // 2, self.stats.uptime_us)


@dataclass(slots=True)
class Soaked:
    """What came of a soak. ``readings``: one before, and one after each round.

    ``difference`` is the first frame that was not the model's; the soak ends there.
    """

    plan: SoakPlan
    patterns: int  # that take turns
    seconds: float = 0.0
    stepped: int = 0
    live: int = 0
    lost_in_silence: int = 0
    difference: AssertionError | None = None
    readings: list[Reading] = field(default_factory=list)

    @property
    def warm(self) -> Stats:
        """The counters after every pattern had its turn, or in the middle of a soak too short for that."""
        return self.readings[min(self.patterns, len(self.readings) // 2)].stats

    @property
    def last(self) -> Stats:
        """The counters at the end."""
        return self.readings[-1].stats

    @property
    def heap_lost(self) -> int:
        """By how many bytes the least free heap sank after every pattern had its turn."""
        return self.warm.heap_min - self.last.heap_min

    @property
    def stack_lost(self) -> int:
        """By how many bytes the free stack sank after every pattern had its turn."""
        return self.warm.stack_free - self.last.stack_free

    @property
    def drift(self) -> Drift:
        """How the board's clock went against the host's, by the quickest readings near both ends."""
        near = max(1, len(self.readings) // 4)
        ends = self.readings[:near], self.readings[-near:]
        first, last = (min(readings, key=lambda reading: reading.took_ns) for readings in ends)
        return drift(first.clock, last.clock)

    def counted(self, name: str) -> int:
        """Return by how much a counter of :class:`Stats` grew."""
        return int(getattr(self.last, name) - getattr(self.readings[0].stats, name))


class Soak:
    """Draws scene after scene until its time is up. ``tell`` hears how far it is, every few seconds."""

    def __init__(
        self, board: BoardHandle, link: Link, plan: SoakPlan, clock: Clock, tell: Callable[[str], None]
    ) -> None:
        """Take a board that is as every test finds it."""
        self._board = board
        self._link = link
        self._clock = clock
        self._tell = tell
        self._soaked = Soaked(plan, len(board.patterns))

    def run(self) -> Soaked:
        """Run to the end, or to the first frame that is not the model's.

        Raises what the link raises when the board is lost, and :class:`FailedError` when its live mode
        sends no frames.
        """
        soaked, clock = self._soaked, self._clock
        began_ns = told_ns = clock.monotonic_ns()
        self._read()
        number = 0
        while soaked.difference is None and (number < _LEAST_ROUNDS or soaked.seconds < soaked.plan.seconds):
            try:
                self._round(number)
            except AssertionError as difference:
                soaked.difference = difference
            self._read()
            number += 1
            now_ns = clock.monotonic_ns()
            soaked.seconds = (now_ns - began_ns) / 1e9
            if now_ns - told_ns >= _TELL_EVERY_NS:
                told_ns = now_ns
                self._tell(self._progress(number))
        self._tell(self._progress(number))
        return soaked

    def _round(self, number: int) -> None:
        draw = random.Random(f"{self._soaked.plan.seed}/{number}")
        names = list(self._board.patterns)
        scene = random_scene(self._board.patterns[names[number % len(names)]], draw)
        if number % _LIVE_EVERY == _LIVE_EVERY - 1:
            self._play(scene, draw.choice((30, 60, 100)))
        else:
            self._board.must_draw(scene)
            self._soaked.stepped += self._board.sampled(scene).count

    def _play(self, scene: Scene, fps: int) -> None:
        """Let the board run free, and hold every frame that it tells of against the model."""
        set_board(self._link, scene)
        lost = self._link.stats().events_lost
        self._link.receive(0)  # events of the last stretch that came after it was cut off
        live = collect_live(self._link, fps, _LIVE_FRAMES)
        self._soaked.live += len(live.events)
        told = self._link.stats().events_lost - lost
        self._soaked.lost_in_silence += max(0, live.missing - told)
        self._must_be_the_models(scene, live)

    def _must_be_the_models(self, scene: Scene, live: LiveRun) -> None:
        model = self._board.model()
        set_model(model, scene)
        frames = model.render([event.time_us for event in live.events])
        for event, crc in zip(live.events, frames.crcs(Tap.FRAME), strict=True):
            if event.crc != crc:
                raise AssertionError(f"live frame at {event.time_us} us is not the model's: {scene}")

    def _read(self) -> None:
        asked_ns = self._clock.monotonic_ns()
        stats = self._link.stats()
        self._soaked.readings.append(Reading(asked_ns, stats, self._clock.monotonic_ns()))

    def _progress(self, rounds: int) -> str:
        soaked = self._soaked
        frames = soaked.stepped + soaked.live
        return (
            f"soak {clock_face(soaked.seconds)} of {clock_face(soaked.plan.seconds)}: "
            f"{rounds} scenes, {frames} frames as the model's"
        )


def random_scene(pattern: Pattern, draw: random.Random) -> Scene:
    """Return a scene of a pattern with everything drawn at random: parameters, audio, output, seed, time."""
    params: Mapping[str, int] = {each.name: drawn(draw, each) for each in pattern.parameters}
    audio = Audio(draw.getrandbits(16), draw.getrandbits(16), tuple(draw.getrandbits(16) for _ in range(8)))
    output = Output(draw.choice((255, draw.randint(0, 255))), draw.choice((0, draw.randint(300, 6000))))
    start_us = draw.getrandbits(draw.choice((20, 36, 63)))
    step_us, count = draw.randint(1, 120_000), draw.randint(1, 100)
    return Scene(pattern.name, params, draw.getrandbits(32), audio, output, start_us, step_us, count)
