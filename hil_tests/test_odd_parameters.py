"""What no sensible host sends is clamped and flagged, or refused with a reason, and does no harm."""

import math

import pytest

from hostkit.hil.oddities import ask_oddly, oddities
from hostkit.link import bodies
from hostkit.link.framing import Reason
from hostkit.link.messages import Nak, Op, Status, Tap

pytestmark = pytest.mark.rung("rendered")

MOMENT_US = 1_234_567
USUAL = {"inner": 0x123456, "outer": 0xFEDCBA}


def must_be_refused(answer):
    """Refused is a reply with a reason, or a NAK that says that this is no CBOR of this link."""
    assert answer is not None, "no answer"
    if isinstance(answer, Nak):
        assert answer.reason is Reason.BAD_CBOR
    else:
        assert answer.status is Status.BAD_ARGS
        assert isinstance(answer.body, str)
        assert answer.body, "it says no reason"


@pytest.mark.parametrize("seed", [1, 2], ids="seed-{}".format)
def test_odd_parameters_are_clamped_and_flagged_or_refused_and_change_nothing(
    board, link, golden, pattern, seed
):
    link.configure("gradient", 0, USUAL)
    golden.configure("gradient", 0, USUAL)
    for number, oddity in enumerate(board.some(oddities(board.patterns[pattern], seed, 30))):
        answer = ask_oddly(link, Op.CONFIGURE, (pattern, number, oddity.params))
        if oddity.refused:
            must_be_refused(answer)
        else:
            assert answer is not None, f"no answer to {oddity}"
            assert answer.status is Status.OK, f"{oddity}: {answer.body}"
            applied = bodies.configured(answer.body)
            values, flagged = golden.configure(pattern, number, oddity.params)
            assert applied.parameters == values, oddity
            assert sorted(applied.clamped) == sorted(flagged), oddity
        assert link.step(MOMENT_US).crc == golden.step(MOMENT_US).crc(Tap.FRAME), f"after {oddity}"


@pytest.mark.parametrize("number", [math.nan, math.inf, 0.5, 1 << 64, -1, True, None, "1"], ids=repr)
def test_odd_numbers_for_output_seed_audio_and_time_are_refused_and_change_nothing(link, number):
    link.configure("gradient", 0, USUAL)
    before = link.step(MOMENT_US)
    for op, args in (
        (Op.OUTPUT, (number, 0)),
        (Op.OUTPUT, (255, number)),
        (Op.CONFIGURE, ("solid", number, {})),
        (Op.AUDIO, (number, 0, [0] * 8)),
        (Op.AUDIO, (0, number, [0] * 8)),
        (Op.AUDIO, (0, 0, [0] * 7 + [number])),
        (Op.STEP, (number,)),
        (Op.RUN, (0, number, 1, 3)),
    ):
        must_be_refused(ask_oddly(link, op, args))
    assert link.step(MOMENT_US) == before
