"""What a board says of its own memory and life: nothing leaks, nothing restarts."""

import pytest

from hostkit.hil.scene import Scene, set_board
from hostkit.hil.timing import collect_live
from hostkit.hil.variants import MUSIC
from hostkit.link.messages import Tap

pytestmark = pytest.mark.rung("timed")

SPARE_STACK = 512  # bytes: an interrupt's frame and one call


def round_of_work(board, link):
    """Do everything once that takes memory, if anything does."""
    for pattern in board.some(tuple(board.patterns)):
        scene = board.sampled(Scene(pattern, seed=1, audio=MUSIC, count=100))
        set_board(link, scene)
        link.run(scene.start_us, scene.step_us, scene.count, Tap.SYMBOLS)
        link.describe(pattern)
    collect_live(link, 0, len(board.some(range(10), 5)))
    link.echo(bytes(512))
    link.patterns()
    link.hello()
    link.stats()


def test_nothing_is_allocated_in_steady_state_and_stack_is_left(board, link, measure):
    round_of_work(board, link)
    before = link.stats()
    for _ in board.some(range(3), 1):
        round_of_work(board, link)
    after = link.stats()
    measure("smallest free heap", after.heap_min, "B")
    measure("blocks taken from the heap since boot", after.allocations, "")
    measure("smallest free stack", after.stack_free, "B")
    assert after.allocations == before.allocations, "memory was taken from the heap"
    assert after.heap_min == before.heap_min
    assert after.stack_free >= SPARE_STACK
    assert before.stack_free - after.stack_free <= SPARE_STACK, "the same work went deeper than before"


def test_a_board_counts_its_boots_and_its_time_without_a_gap(board, link):
    identity, uptime_us = board.identity, link.stats().uptime_us
    again = link.hello()
    assert (again.nonce, again.boots) == (identity.nonce, identity.boots)
    assert again.uptime_us >= uptime_us
