"""Corners of parameters: all of them met, by few scenes, the same at every run."""

from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.hil.corners import SEEDS, corner_scenes, corners
from hostkit.hil.golden.model import flag, integer
from hostkit.hil.golden.registry import PATTERNS


def some_parameters(count):
    return tuple(integer(f"p{number}", 3, 9, 5) for number in range(count))


@given(st.integers(1, 20))
def test_any_three_parameters_take_all_their_corners_equally_often(count):
    rows = corners(some_parameters(count))
    for names in combinations([f"p{number}" for number in range(count)], min(3, count)):
        seen = [tuple(row[name] for name in names) for row in rows]
        times = {corner: seen.count(corner) for corner in product((3, 9), repeat=len(names))}
        assert len(set(times.values())) == 1
        assert min(times.values()) >= 1


@pytest.mark.parametrize(
    ("count", "rows"), [(0, 1), (1, 2), (2, 4), (3, 8), (4, 8), (5, 16), (8, 16), (9, 32)]
)
def test_rows_are_few(count, rows):
    settings = corners(some_parameters(count))
    assert len(settings) == rows
    assert len({tuple(setting.items()) for setting in settings}) == rows


def test_a_flag_is_off_and_on():
    assert corners((flag("mirror", True),)) == ({"mirror": 0}, {"mirror": 1})


@pytest.mark.parametrize("pattern", PATTERNS)
def test_scenes_hold_every_corner_and_more_and_are_the_same_at_every_run(pattern):
    model = PATTERNS[pattern]
    scenes = corner_scenes(model, 7)
    assert scenes == corner_scenes(model, 7)
    settings = [scene.params for scene in scenes]
    assert settings[: len(corners(model.parameters))] == list(corners(model.parameters))
    assert len(settings) == len(corners(model.parameters)) + 2
    for scene in scenes:
        assert (scene.pattern, scene.seed, scene.count) == (pattern, 7, 200)
        assert model.apply(scene.params) == (scene.params, [])


def test_scenes_differ_in_what_is_no_parameter_too():
    scenes = [
        scene for seed in SEEDS for pattern in PATTERNS.values() for scene in corner_scenes(pattern, seed)
    ]
    assert len({scene.step_us for scene in scenes}) == 4
    assert len({scene.start_us for scene in scenes}) == 5
    assert len({scene.audio for scene in scenes}) > 20
    assert any(scene.output.limit_ma and scene.output.brightness < 255 for scene in scenes)
    assert any(scene.start_us + scene.step_us * 200 > 1 << 64 for scene in scenes)


def test_another_seed_draws_other_scenes():
    first, second = (corner_scenes(PATTERNS["comet"], seed) for seed in (0, 1))
    assert [scene.step_us for scene in first] != [scene.step_us for scene in second]
