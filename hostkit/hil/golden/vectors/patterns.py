"""Golden vectors for the patterns: settings and moments, with the CRCs and first LEDs of each frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hostkit.hil.golden.controller import Frames, GoldenController
from hostkit.hil.golden.geometry import Geometry
from hostkit.hil.golden.model import Audio, Pattern
from hostkit.hil.golden.registry import PATTERNS
from hostkit.link.messages import Tap

LAST = (1 << 64) - 1
LOUD = Audio(65535, 65535, (65535,) * 8)
MUSIC = Audio(31000, 26000, (60000, 48000, 33000, 21000, 12000, 6000, 2500, 900))
TREBLE = Audio(9000, 0, (0, 100, 400, 1600, 6400, 25600, 40000, 65535))

_TIMES = (0, 1, 8000, 16_667, 999_999, 1_000_000, 3_600_000_000, 1 << 32, LAST)
_STATE_TIMES = (
    0,
    7999,
    8000,
    16_000,
    250_000,
    251_000,
    1_000_000,
    500_000,
    4_000_000,
    30_000_000,
    LAST,
    8000,
)
_SHOWN = 4  # LEDs of each strip that are written out


@dataclass(frozen=True, slots=True)
class Case:
    """One pattern set up once, then drawn at some moments; ``audio`` changes at those indices."""

    name: str
    params: Mapping[str, int] = field(default_factory=dict)
    seed: int = 0
    times: tuple[int, ...] = _TIMES
    audio: Mapping[int, Audio] = field(default_factory=dict)
    lengths: tuple[int, ...] = (160, 160)
    brightness: int = 255
    limit_ma: int = 0


def _extreme(pattern: Pattern, name: str, *, high: bool) -> Case:
    params = {p.name: p.maximum if high else p.minimum for p in pattern.parameters}
    return Case(name, params, LAST >> 32 if high else 1, audio={0: LOUD if high else Audio(1, 1, (1,) * 8)})


def _common(pattern: Pattern) -> list[Case]:
    stateful = pattern.name in ("pulse", "bloom")
    times = _STATE_TIMES if stateful else _TIMES
    heard = {0: MUSIC} if pattern.audio_driven else {}
    cases = [
        Case("defaults", times=times, audio=heard),
        Case("another seed, dim and limited", {}, 123456789, times, heard, (160, 160), 100, 1500),
        _extreme(pattern, "every parameter at its least", high=False),
        _extreme(pattern, "every parameter at its most", high=True),
        Case("odd lengths", {}, 5, (0, 123_456, 2_000_000), heard, (7, 1, 2, 12)),
    ]
    return [*cases, Case("silence", {}, 9, times)] if pattern.audio_driven else cases


_SPECIAL: dict[str, list[Case]] = {
    "solid": [
        Case(f"colour {value:06x}", {"colour": value}, times=(0,))
        for value in (0x000000, 0xFFFFFF, 0xFF0000, 0x00FF00, 0x0000FF, 0x010203)
    ],
    "gradient": [
        Case("linear", {"curve": 0}, times=(0,)),
        Case("rolling, linear", {"curve": 0, "period": 1500}, times=(0, 375_000, 750_000, 1_499_999)),
    ],
    "breathe": [Case("strips lag", {"lag": 90, "period": 2000}, times=(0, 500_000, 1_000_000, 1_999_999))],
    "comet": [
        Case("bounces", {"bounce": 1, "speed": 100}, times=(0, 1_000_000, 1_590_000, 1_600_000, 3_179_999)),
        Case("several, not mirrored", {"count": 3, "mirror": 0, "tail": 100, "spark": 0}),
        Case("bounces on one LED", {"bounce": 1, "count": 8}, times=(0, 10_000), lengths=(1, 2)),
    ],
    "chase": [
        Case("reverse", {"reverse": 1, "speed": 33}),
        Case("stands", {"speed": 0, "width": 1, "space": 1}, times=(0, 5_000_000)),
    ],
    "twinkle": [Case("sparse", {"density": 12, "period": 500, "variety": 255}, 77)],
    "lava": [
        *(Case(f"palette {i}", {"palette": i, "contrast": 60}, i, (0, 5_000_000)) for i in range(4)),
        Case("not mirrored", {"mirror": 0, "size": 5}, 42),
    ],
    "wave": [Case("sharp and short", {"sharp": 255, "length": 7, "period": 777})],
    "rainbow": [
        Case("from the centre", {"centre": 1, "span": 50}),
        Case("stands", {"period": 0}, times=(0, 5_000_000)),
    ],
    "spectrum": [Case("treble", {"drift": 0, "gain": 128}, audio={0: TREBLE}, times=(0, 1_000_000))],
    "pulse": [
        Case(
            "beats come and go",
            {"gap": 80, "speed": 300, "threshold": 40},
            3,
            (8000, 16_000, 88_000, 90_000, 400_000, 408_000, 900_000, 10_000_000),
            {0: MUSIC, 2: Audio(500, 0), 4: LOUD, 6: Audio(0, 40 * 257 - 1), 7: Audio(0, 40 * 257)},
        ),
    ],
    "bloom": [
        Case(
            "music comes and goes",
            {"flow": 256 // 2, "decay": 3000},
            11,
            (8000, 16_000, 88_000, 90_000, 400_000, 1_408_000, 1_900_000, 60_000_000),
            {0: MUSIC, 2: Audio(), 4: TREBLE, 6: LOUD, 7: Audio()},
        ),
    ],
}


def pattern_vectors() -> dict[str, Any]:
    """Return every pattern's parameters, and its cases with all frames in the order of drawing."""
    return {
        "about": [
            "docs/reference/rendering.md, section 5. A case starts afresh: configure, silence, output;",
            "frames are drawn in the order given, audio where it is named is set before the frame.",
            "crc: CRC-32 of the taps linear and frame. ma: estimated current.",
            f"first: linear R, G, B of each strip's first {_SHOWN} LEDs.",
            "parameters: name, type, min, max, default, unit.",
        ],
        "patterns": [_pattern(pattern) for pattern in PATTERNS.values()],
    }


def _pattern(pattern: Pattern) -> dict[str, Any]:
    return {
        "name": pattern.name,
        "audio_driven": pattern.audio_driven,
        "parameters": [
            [p.name, int(p.type), p.minimum, p.maximum, p.default, p.unit] for p in pattern.parameters
        ],
        "cases": [_case(pattern, case) for case in (*_common(pattern), *_SPECIAL.get(pattern.name, ()))],
    }


def _case(pattern: Pattern, case: Case) -> dict[str, Any]:
    model = GoldenController(Geometry(case.lengths))
    model.configure(pattern.name, case.seed, case.params)
    model.output(case.brightness, case.limit_ma)
    frames = []
    for index, time in enumerate(case.times):
        audio = case.audio.get(index)
        if audio is not None:
            model.audio(audio)
        frames.append(_frame(model.step(time), audio))
    return {
        "name": case.name,
        "strips": list(case.lengths),
        "seed": case.seed,
        "params": dict(case.params),
        "brightness": case.brightness,
        "limit_ma": case.limit_ma,
        "frames": frames,
    }


def _frame(frames: Frames, audio: Audio | None) -> dict[str, Any]:
    heard = {} if audio is None else {"audio": [audio.level, audio.beat, list(audio.bands)]}
    return {
        "time": frames.times[0],
        **heard,
        "crc": [frames.crc(Tap.LINEAR), frames.crc(Tap.FRAME)],
        "ma": frames.milliamps[0],
        "first": [frames.taps.linear[0, part][:_SHOWN].ravel().tolist() for part in frames.geometry.slices],
    }
