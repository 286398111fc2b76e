"""Every pattern at the corners of its parameters, with several seeds: what its model says, bit for bit."""

import pytest

from hostkit.hil.corners import SEEDS, corner_scenes

pytestmark = pytest.mark.rung("rendered")


@pytest.mark.parametrize("seed", SEEDS, ids="seed-{:08x}".format)
def test_200_frames_of_every_corner_equal_the_model(board, pattern, seed):
    for scene in board.some(corner_scenes(board.patterns[pattern], seed), 1):
        board.must_draw(scene, portrait=False)
