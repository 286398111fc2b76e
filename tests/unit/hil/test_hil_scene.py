from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hostkit.hil.scene import Scene


@given(count=st.integers(1, 256), most=st.integers(1, 256), step=st.integers(1, 200_000))
def test_a_sampled_scene_spreads_fewer_frames_over_the_same_time(count: int, most: int, step: int) -> None:
    scene = Scene("rainbow", start_us=77, step_us=step, count=count)
    sampled = scene.sampled(most)
    assert sampled.count == min(count, most)
    assert sampled.start_us == scene.start_us
    assert sampled.step_us >= scene.step_us
    assert scene.step_us * count - sampled.count < sampled.step_us * sampled.count <= scene.step_us * count


def test_no_limit_leaves_a_scene_as_it_is() -> None:
    scene = Scene("rainbow", count=200)
    assert scene.sampled(0) is scene
    assert scene.sampled(200) is scene
