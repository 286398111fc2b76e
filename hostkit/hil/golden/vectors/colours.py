"""Golden vectors for the colour pipeline and for the symbols."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from hostkit.hil.golden import symbols, wire
from hostkit.hil.golden.arithmetic import Array
from hostkit.hil.golden.gamma import GAMMA
from hostkit.hil.golden.pipeline import Output, corrected, power_factor, process

_LINEAR = (0, 1, 127, 128, 255, 256, 257, 4095, 21845, 32767, 32768, 43690, 65279, 65280, 65534, 65535)
_BRIGHTNESS = (0, 1, 2, 127, 128, 254, 255)
_PIXELS = ((0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255), (1, 2, 4), (0xA5, 0x5A, 0x81))


def color_vectors() -> dict[str, Any]:
    """Return the gamma table, single channels, and whole frames through the power limit."""
    return {
        "about": "docs/reference/rendering.md, section 7. channels: brightness, linear, gamma.",
        "lut": list(GAMMA),
        "channels": [[b, x, int(corrected(np.array(x), b))] for b in _BRIGHTNESS for x in _LINEAR],
        "frames": [_frame(*case) for case in _frames()],
    }


def _frames() -> list[tuple[str, Array, Output]]:
    white = np.full((4, 3), 65535, dtype=np.int64)
    ramp = np.arange(12, dtype=np.int64).reshape(4, 3) * 5957
    one = np.zeros((4, 3), dtype=np.int64)
    one[2, 1] = 65535
    return [
        ("black needs no limit", np.zeros((4, 3), dtype=np.int64), Output(255, 1)),
        ("white without a limit", white, Output(255, 0)),
        ("white far below the limit", white, Output(255, 65535)),
        ("white exactly at the limit", white, Output(255, 244)),
        ("white just over the limit", white, Output(255, 243)),
        ("white at half", white, Output(255, 124)),
        ("white, hardly more than idle", white, Output(255, 5)),
        ("the limit is the idle current", white, Output(255, 4)),
        ("the limit is less than idle", white, Output(255, 1)),
        ("dim white", white, Output(16, 0)),
        ("brightness 0", ramp, Output(0, 0)),
        ("ramp", ramp, Output(255, 0)),
        ("ramp, dim and limited", ramp, Output(200, 30)),
        ("one channel over the limit", one, Output(255, 20)),
    ]


def _frame(name: str, linear: Array, output: Output) -> dict[str, Any]:
    taps = process(linear[None], output)
    total = int(taps.gamma.sum())
    return {
        "name": name,
        "brightness": output.brightness,
        "limit_ma": output.limit_ma,
        "linear": linear.ravel().tolist(),
        "gamma": taps.gamma.ravel().tolist(),
        "factor": power_factor(total, linear.shape[0], output.limit_ma),
        "limited": taps.limited.ravel().tolist(),
        "frame": taps.frame.ravel().tolist(),
        "ma": taps.milliamps[0],
    }


def symbol_vectors() -> dict[str, Any]:
    """Return the words of pixels, and what LEDs make of words at the edges of the datasheet's windows."""
    pixels = np.array(_PIXELS, dtype=np.uint8)
    return {
        "about": "docs/reference/rendering.md, section 8. Words in hex; a tick is tick_ns.",
        "tick_ns": symbols.TICK_NS,
        "reset_us": symbols.RESET_US,
        "zero": _hex(symbols.ZERO_WORD),
        "one": _hex(symbols.ONE_WORD),
        "reset": _hex(symbols.RESET_WORD),
        "strips": [
            {"rgb": rows.tolist(), "words": [_hex(word) for word in symbols.encode(rows).tolist()]}
            for rows in (pixels[:0], *(pixels[i : i + 1] for i in range(len(pixels))), pixels[2:5])
        ],
        "crc": {"rgb": pixels.tolist(), "crc32_of_words_le": _crc(symbols.encode(pixels))},
        "windows": [_window(high, low) for high, low in _edges()],
        "resets": [_reset(ticks) for ticks in (0, 2000, 11199, 11200, 11201, 12000, 32767)],
    }


def _hex(word: int) -> str:
    return f"0x{word:08X}"


def _crc(words: symbols.Words) -> int:

    return zlib.crc32(words.astype("<u4").tobytes())


def _edges() -> list[tuple[int, int]]:
    """Return ticks high and low: nominal, at 150 ns from it, and one tick further."""
    zero, one = (16, 34), (32, 18)
    steps = (0, -6, 6, -7, 7)
    around = [(high + step, low) for high, low in (zero, one) for step in steps]
    around += [(high, low + step) for high, low in (zero, one) for step in steps[1:]]
    return [*around, (24, 26), (0, 0), (16, 18), (32, 34)]


def _window(high: int, low: int) -> list[Any]:
    """Return ticks high, ticks low, and the bit: 0, 1 or null when the LED would not know."""
    word = high | 0x8000 | low << 16
    latched = wire.decode(np.array([word] * 24 + [symbols.RESET_WORD], dtype=np.uint32))
    return [high, low, None if latched.fault else int(latched.pixels[0, 0] == 255)]


def _reset(ticks: int) -> list[Any]:
    """Return ticks low, and whether that latches."""
    words = np.array([symbols.ZERO_WORD] * 24 + [ticks], dtype=np.uint32)
    return [ticks, wire.decode(words).fault is None]
