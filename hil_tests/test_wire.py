"""What goes out of the pins is what was drawn: right colours, right order, right times."""

from dataclasses import replace

import numpy as np
import pytest

from hostkit.hil.golden import wire
from hostkit.hil.scene import Scene
from hostkit.hil.timing import floor_us
from hostkit.hil.variants import MUSIC, VARIANTS
from hostkit.link.messages import Tap

pytestmark = pytest.mark.rung("wired")

# Together they send every bit of every LED and channel as a 0 and as a 1, and no two LEDs alike.
SCENES = (
    Scene("solid", {"colour": 0xFFFFFF}),
    Scene("solid", {"colour": 0x000000}),
    Scene("rainbow", seed=1, audio=MUSIC, start_us=777_777),
    Scene("twinkle", {"density": 255, "period": 700}, seed=2, start_us=5_555_555),
)


def latched_tap(board):
    """What the LEDs show: as the board saw it, else as its symbols say."""
    return Tap.WIRE if board.has("wire") else Tap.SYMBOLS


def sent(board, scene):
    """Draw a scene; return the words of each strip."""
    board.draw(scene)
    symbols = board.read(Tap.SYMBOLS)
    return [symbols.words(strip) for strip in range(len(board.profile.strips))]


@pytest.mark.parametrize("colour", [0xFF0000, 0x00FF00, 0x0000FF, 0x804020], ids="{:06x}".format)
def test_plain_colours_reach_the_leds(board, colour):
    board.must_draw(Scene("solid", {"colour": colour}, count=1), latched_tap(board))


@pytest.mark.parametrize("variant", ["defaults", "mixed"])
def test_100_frames_reach_the_leds(board, pattern, variant):
    scene = replace(VARIANTS[variant](board.patterns[pattern]), count=100)
    board.must_draw(scene, latched_tap(board))


def test_the_symbols_are_those_of_the_specification(board, pattern):
    board.must_draw(replace(VARIANTS["mixed"](board.patterns[pattern]), count=10), Tap.SYMBOLS)


def test_the_symbols_of_every_led_and_channel_decode_to_the_frame(board, profile, measure):
    """Every bit was seen as a 0 and as a 1: none is stuck, none is another's."""
    zeros, ones = ([np.zeros((n, 3), dtype=np.uint8) for n in profile.lengths] for _ in range(2))
    for scene in SCENES:
        board.draw(scene)
        frame, symbols = board.read(Tap.FRAME), board.read(Tap.SYMBOLS)
        for strip, pixels in enumerate(frame.all_pixels):
            latched = symbols.latched(strip)
            assert latched.fault is None, f"strip {strip}, bit {latched.fault.bit}: {latched.fault.reason}"
            assert (latched.pixels == pixels).all(), f"strip {strip} of {scene}"
            ones[strip] |= latched.pixels
            zeros[strip] |= ~latched.pixels
    bits = sum(int(np.unpackbits(a & b).sum()) for a, b in zip(zeros, ones, strict=True))
    measure("bits sent as 0 and as 1", bits, "")
    assert bits == 24 * profile.leds


def test_every_bit_is_inside_the_data_sheet(board, measure):
    for strip, words in enumerate(sent(board, Scene("rainbow", start_us=777_777))):
        bits = wire.split(words[:-1], board.identity.tick_ns)
        assert (bits.first_level == 1).all()
        assert (bits.second_level == 0).all()
        assert len(bits.first_ns) == 24 * board.profile.strips[strip].leds
        classes = wire.pulse_classes(words[:-1], board.identity.tick_ns)
        for each in classes:
            measure(f"strip {strip}: {each.name}, shortest", each.least_ns, "ns")
            measure(f"strip {strip}: {each.name}, longest", each.most_ns, "ns")
        assert [each.name for each in classes] == ["T0H", "T0L", "T1H", "T1L"]
        for each in classes:
            assert each.inside, f"strip {strip}: {each} is not within {wire.TOLERANCE_NS} ns"


def test_the_line_rests_long_enough_to_latch(board, measure):
    board.draw(Scene("solid"))
    symbols = board.read(Tap.SYMBOLS)
    for strip in range(len(board.profile.strips)):
        reset_ns = symbols.latched(strip).reset_ns
        measure(f"strip {strip}: reset gap", reset_ns / 1000, "us")
        assert reset_ns >= wire.RESET_NS
        assert reset_ns == board.identity.reset_us * 1000


def test_a_frame_keeps_the_line_busy_for_as_long_as_its_leds_need(board, measure):
    """1.25 us a bit, within 5 %: what is shorter skips LEDs, what is longer costs frames."""
    for strip, words in enumerate(sent(board, Scene("wave", start_us=333_333))):
        took_us = wire.duration_ns(words, board.identity.tick_ns) / 1000
        floor = floor_us(board.profile.strips[strip].leds, board.identity.reset_us)
        measure(f"strip {strip}: a frame on the wire", took_us, "us")
        measure(f"strip {strip}: physical floor", floor, "us")
        assert floor <= took_us <= 1.05 * floor
