"""A frame depends on its time, not on which frames were asked for before it, nor on how many."""

import random

import pytest

from hostkit.hil.scene import Scene, set_board
from hostkit.hil.variants import MUSIC

pytestmark = pytest.mark.rung("rendered")


@pytest.mark.parametrize("seed", [1], ids="seed-{}".format)
def test_frames_asked_for_in_any_order_are_the_same(board, link, pattern, seed):
    """Of a pattern with a state: after a reset of it."""
    draw = random.Random(f"{pattern}/{seed}")
    set_board(link, Scene(pattern, seed=seed, audio=MUSIC))
    times = board.some([draw.randrange(1 << bits) for bits in range(14, 64, 2)])

    def drawn(time_us):
        if board.keeps_state(pattern):
            link.reset_state()
        return link.step(time_us).crc

    in_order = {time_us: drawn(time_us) for time_us in times}
    for order in board.some((times[::-1], draw.sample(times, len(times)), times), 1):
        for time_us in order:
            assert drawn(time_us) == in_order[time_us], f"at {time_us} us, asked for in the order {order}"


@pytest.mark.parametrize("seed", [1], ids="seed-{}".format)
def test_the_same_times_give_the_same_frames_at_any_frame_rate(board, link, pattern, seed):
    """Of a pattern with a state: while it is asked at least every 8.192 s, and its audio stays."""
    scene = board.sampled(Scene(pattern, seed=seed, audio=MUSIC, count=35))
    long_us = 70 * random.Random(f"{pattern}/{seed}/rate").randrange(100, 700)
    set_board(link, scene)
    slow = link.run(long_us, long_us, scene.count)
    for often in board.some((2, 5, 7), 1):
        set_board(link, scene)
        fast = link.run(long_us // often, long_us // often, often * scene.count)
        assert fast[often - 1 :: often] == slow, f"every {long_us // often} us instead of every {long_us} us"
