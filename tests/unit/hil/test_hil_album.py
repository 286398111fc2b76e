"""Pictures of a board: one of each pattern, a few of what is wrong, and never at the cost of the finding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from hostkit.hil.album import SAMPLE, Album, Camera
from hostkit.hil.compare import Difference, Subject, first_difference
from hostkit.hil.golden.controller import GoldenController
from hostkit.hil.golden.geometry import Geometry
from hostkit.hil.golden.pipeline import Output
from hostkit.hil.golden.registry import PATTERNS
from hostkit.hil.picture import read_picture
from hostkit.hil.scene import Scene
from hostkit.link.messages import Op, Tap
from hostkit.testing.clock import FakeClock
from hostkit.testing.hil_board import ModelBoard
from hostkit.testing.hil_flaws import Flaws

SCENE = Scene("pulse", seed=5, count=200)


@dataclass
class Studio:
    """A model board, an album, and what was told of pictures."""

    folder: Path
    flaws: Flaws = field(default_factory=Flaws)
    slow: bool = False
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.board = ModelBoard(FakeClock(), self.flaws)
        link = self.board.open_link()
        self.subject = Subject(link, link.hello(), lambda: GoldenController(Geometry((160, 160)), PATTERNS))
        self.camera = Camera(Album(self.folder), "t::one", self.told.append, self.slow)

    def differs(self, scene: Scene, index: int, tap: Tap = Tap.FRAME, first: Tap | None = None) -> None:
        """Take a picture around a difference that somebody found."""
        self.camera.differs(self.subject, Difference(scene, index, tap, first))


Make = Callable[..., Studio]


@pytest.fixture
def studio(tmp_path: Path) -> Make:
    return lambda **parts: Studio(tmp_path / "pictures", **parts)


def whiten(strips: list[np.ndarray]) -> list[np.ndarray]:
    changed = [pixels.copy() for pixels in strips]
    changed[1][17] = (255, 255, 255)
    return changed


def test_a_right_pattern_is_shown_once_over_its_whole_scene(studio: Make, tmp_path: Path) -> None:
    made = studio()
    assert made.camera.sample(made.subject, SCENE) is None
    assert made.camera.sample(made.subject, SCENE) is None
    assert made.told == ["pictures/pulse.json"]
    shown = read_picture(tmp_path / made.told[0])
    assert (shown.test, shown.pattern, shown.tap, shown.leds) == ("t::one", "pulse", Tap.FRAME, (160, 160))
    assert len(shown.times_us) == SAMPLE
    assert shown.times_us[-1] > 0.9 * SCENE.time_us(SCENE.count)
    assert shown.first_wrong is None
    assert shown.observed.any()


@pytest.mark.parametrize(
    "scene", [Scene("pulse", count=SAMPLE - 1), Scene("pulse", output=Output(255, 321))], ids=["short", "dim"]
)
def test_a_scene_that_shows_little_is_left_for_a_better_one(studio: Make, scene: Scene) -> None:
    made = studio()
    made.camera.sample(made.subject, scene)
    assert made.told == []


def test_a_slow_board_is_not_asked_for_more_frames(studio: Make) -> None:
    made = studio(slow=True)
    made.camera.sample(made.subject, SCENE)
    assert made.told == []


def test_pixels_that_differ_though_the_crcs_were_right_are_found(studio: Make) -> None:
    made = studio(flaws=Flaws(on_frame=whiten))
    found = made.camera.sample(made.subject, SCENE)
    assert found is not None
    assert "read back pixel by pixel" in str(found)


def test_a_difference_is_shown_with_the_frames_around_it(studio: Make, tmp_path: Path) -> None:
    made = studio(flaws=Flaws(on_frame=whiten))
    found = first_difference(made.subject, SCENE)
    assert found is not None
    made.camera.differs(made.subject, found)
    assert made.told == ["pictures/pulse-frame-wrong.json"]
    shown = read_picture(tmp_path / made.told[0])
    assert (shown.first, shown.first_wrong) == (0, 0)
    assert set(shown.wrong) == {1}
    assert shown.observed[3, 160 + 17].tolist() == [255, 255, 255]
    assert shown.note == str(found).splitlines()[0]


def test_the_window_begins_before_the_first_wrong_frame_with_the_state_it_has_then(
    studio: Make, tmp_path: Path
) -> None:
    made = studio()
    made.differs(SCENE, 100)
    shown = read_picture(tmp_path / made.told[0])
    assert shown.times_us == tuple(SCENE.time_us(index) for index in range(92, 116))
    assert shown.first == 92
    assert shown.first_wrong is None  # a right board: its state was right in the middle of the scene


def test_a_slow_board_is_asked_for_few_frames_around_a_difference(studio: Make, tmp_path: Path) -> None:
    made = studio(slow=True)
    made.differs(SCENE, 100)
    assert len(read_picture(tmp_path / made.told[0]).times_us) == 4


@pytest.mark.parametrize("tap", [Tap.LINEAR, Tap.GAMMA, Tap.LIMITED, Tap.WIRE])
def test_the_tap_that_is_wrong_is_shown_in_its_own_numbers(studio: Make, tmp_path: Path, tap: Tap) -> None:
    made = studio()
    made.differs(SCENE, 3, Tap.FRAME, tap)
    shown = read_picture(tmp_path / made.told[0])
    assert (shown.tap, shown.first_wrong) == (tap, None)


def test_wrong_symbols_are_shown_as_what_the_leds_latched(studio: Make, tmp_path: Path) -> None:
    made = studio(flaws=Flaws(on_wire=lambda strips: [pixels[:, (1, 0, 2)] for pixels in strips]))
    found = first_difference(made.subject, Scene("rainbow", count=30), Tap.WIRE)
    assert found is not None
    assert found.first is Tap.SYMBOLS
    made.camera.differs(made.subject, found)
    shown = read_picture(tmp_path / made.told[0])
    assert shown.tap is Tap.WIRE
    assert shown.first_wrong == 0


def test_a_board_without_eyes_of_its_own_has_its_symbols_decoded(studio: Make, tmp_path: Path) -> None:
    made = studio(flaws=Flaws(identity={"features": ["audio", "live", "storage"]}))
    made.differs(Scene("rainbow", count=30), 10, Tap.SYMBOLS, Tap.SYMBOLS)
    shown = read_picture(tmp_path / made.told[0])
    assert (shown.tap, len(shown.times_us), shown.first_wrong) == (Tap.SYMBOLS, 4, None)


def test_one_difference_of_each_pattern_and_tap_is_shown_and_16_at_most(studio: Make) -> None:
    made = studio()
    scenes = [Scene(pattern, count=2) for pattern in PATTERNS]
    for _ in range(2):
        for tap in (Tap.FRAME, Tap.WIRE):
            for scene in scenes:
                made.differs(scene, 0, tap)
    assert len(made.told) == len(set(made.told)) == 16


def test_a_board_that_goes_away_meanwhile_takes_no_finding_with_it(studio: Make) -> None:
    def vanish(firmware: object, request: object) -> None:
        if getattr(request, "op", None) == Op.READ:
            made.board.host.unplug()

    made = studio()
    made.flaws.before = vanish
    made.differs(SCENE, 0)
    assert made.told == []


def test_without_a_folder_nothing_is_asked_of_the_board(studio: Make) -> None:
    asked: list[object] = []
    made = studio(flaws=Flaws(before=lambda _, request: asked.append(request)))
    before = len(asked)
    camera = Camera()
    assert camera.sample(made.subject, SCENE) is None
    camera.differs(made.subject, Difference(SCENE, 0, Tap.FRAME, None))
    assert len(asked) == before == 1  # who it is
