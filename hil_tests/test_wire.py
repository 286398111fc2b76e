"""What goes out of the pins is what was drawn: right colours, right order, right times."""

from dataclasses import replace

import numpy as np
import pytest

from hostkit.hil.golden import wire
from hostkit.hil.scene import Scene
from hostkit.hil.variants import MUSIC, VARIANTS
from hostkit.link.messages import Tap

pytestmark = pytest.mark.rung("wired")


def latched_tap(board):
    """What the LEDs show: as the board saw it, else as its symbols say."""
    return Tap.WIRE if board.has("wire") else Tap.SYMBOLS


@pytest.mark.parametrize("colour", [0xFF0000, 0x00FF00, 0x0000FF, 0x804020], ids="{:06x}".format)
def test_plain_colours_reach_the_leds(board, colour):
    board.must_draw(Scene("solid", {"colour": colour}, count=1), latched_tap(board))


@pytest.mark.parametrize("variant", ["defaults", "mixed"])
def test_100_frames_reach_the_leds(board, pattern, variant):
    scene = replace(VARIANTS[variant](board.patterns[pattern]), count=100)
    board.must_draw(scene, latched_tap(board))


def test_the_symbols_are_those_of_the_specification(board, pattern):
    board.must_draw(replace(VARIANTS["mixed"](board.patterns[pattern]), count=10), Tap.SYMBOLS)


def test_the_symbols_decode_to_the_frame(board):
    board.draw(Scene("rainbow", seed=1, audio=MUSIC, start_us=777_777))
    frame, symbols = board.read(Tap.FRAME), board.read(Tap.SYMBOLS)
    for strip, pixels in enumerate(frame.all_pixels):
        latched = symbols.latched(strip)
        assert latched.fault is None, f"strip {strip}, bit {latched.fault.bit}: {latched.fault.reason}"
        assert (latched.pixels == pixels).all()


def test_every_bit_is_inside_the_data_sheet(board, measure):
    board.draw(Scene("rainbow", start_us=777_777))
    symbols = board.read(Tap.SYMBOLS)
    for strip in range(len(board.profile.strips)):
        bits = wire.split(symbols.words(strip)[:-1], board.identity.tick_ns)
        one = bits.first_ns > (wire.T0H_NS + wire.T1H_NS) // 2
        off = np.where(one, bits.first_ns - wire.T1H_NS, bits.first_ns - wire.T0H_NS)
        low = np.where(one, bits.second_ns - wire.T1L_NS, bits.second_ns - wire.T0L_NS)
        worst = int(max(np.abs(off).max(), np.abs(low).max()))
        measure(f"strip {strip}: largest distance from a data sheet time", worst, "ns")
        assert worst <= wire.TOLERANCE_NS
        assert (bits.first_level == 1).all()
        assert (bits.second_level == 0).all()
        assert len(bits.first_ns) == 24 * board.profile.strips[strip].leds


def test_the_line_rests_long_enough_to_latch(board, measure):
    board.draw(Scene("solid"))
    symbols = board.read(Tap.SYMBOLS)
    for strip in range(len(board.profile.strips)):
        reset_ns = symbols.latched(strip).reset_ns
        measure(f"strip {strip}: reset gap", reset_ns / 1000, "us")
        assert reset_ns >= wire.RESET_NS
        assert reset_ns == board.identity.reset_us * 1000
