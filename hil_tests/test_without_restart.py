"""The last word: through all of this the firmware never restarted unasked."""

import pytest

pytestmark = [pytest.mark.rung("linked"), pytest.mark.every_board]


def test_the_firmware_never_restarted_by_itself(board, link, measure):
    stats = link.stats()
    measure("requests", stats.requests, "")
    measure("repeated requests", stats.repeats, "")
    measure("smallest free heap", stats.heap_min, "B")
    measure("smallest free stack", stats.stack_free, "B")
    assert board.restarts == 0
    assert link.nonce == board.identity.nonce
