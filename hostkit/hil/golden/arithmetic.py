"""The fixed-point primitives of ``docs/reference/rendering.md``, section 3, over whole arrays.

Numbers live in int64 arrays, wider than the 32 bits that the page promises to be enough, so that a
model can never be wrong by overflow in the same way as the firmware. Arguments are u16 unless said
otherwise, and any shapes that NumPy can broadcast.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.int64]
Number: TypeAlias = Array | int

FULL = 65535  # a fraction of one
TURN = 65536  # a whole turn of a phase
WORD = 1 << 32

_MASK = WORD - 1

_QUARTER = (
    *(0, 804, 1608, 2410, 3212, 4011, 4808, 5602, 6393, 7179, 7962, 8739, 9512),
    *(10278, 11039, 11793, 12539, 13279, 14010, 14732, 15446, 16151, 16846, 17530, 18204, 18868),
    *(19519, 20159, 20787, 21403, 22005, 22594, 23170, 23731, 24279, 24811, 25329, 25832, 26319),
    *(26790, 27245, 27683, 28105, 28510, 28898, 29268, 29621, 29956, 30273, 30571, 30852, 31113),
    *(31356, 31580, 31785, 31971, 32137, 32285, 32412, 32521, 32609, 32678, 32728, 32757, 32767),
    32767,
)
QUARTER_SINE: Array = np.array(_QUARTER, dtype=np.int64)
"""``round(32767 sin(i/64 * 90 deg))`` for i = 0..64, and the last value once more."""


def scale16(a: Number, b: Number) -> Array:
    """Return ``a`` times the fraction ``b``, rounded to nearest."""
    return np.asarray((a * b + 32767) // FULL)


def lerp16(a: Number, b: Number, t: Number) -> Array:
    """Return the value between ``a`` (t = 0) and ``b`` (t = 65535), rounded to nearest."""
    return np.asarray((a * (FULL - t) + b * t + 32767) // FULL)


def fade16(a: Number, factor: Number) -> Array:
    """Return ``a * factor / 65536`` rounded down, so that repeated fading reaches zero."""
    return np.asarray((a * factor) >> 16)


def widen(value: int) -> int:
    """Return an 8-bit number as a fraction: 255 becomes 65535."""
    return value * 257


def smooth16(x: Number) -> Array:
    """Return the smoothstep ``3x^2 - 2x^3`` of a fraction."""
    x = np.asarray(x, dtype=np.int64)
    risen: Array = np.minimum(FULL, (((x * x) >> 16) * (49152 - (x >> 1))) >> 14)
    return risen


def tri16(phase: Array) -> Array:
    """Return a triangle over one turn: 0, 65534 in the middle, 0."""
    return 2 * np.where(phase < 32768, phase, FULL - phase)


def sin16(phase: Number) -> Array:
    """Return the sine of a phase, -32767..32767; off by at most 5 from the true one."""
    phase = np.asarray(phase, dtype=np.int64)
    x = phase & 16383
    x = np.where((phase >> 14) & 1, 16384 - x, x)
    i, f = x >> 8, x & 255
    low = QUARTER_SINE[i]
    value = low + (((QUARTER_SINE[i + 1] - low) * f + 128) >> 8)
    signed: Array = np.where(phase >= 32768, -value, value)
    return signed


def swell16(phase: Number) -> Array:
    """Return a raised cosine over one turn: 0, 65534 in the middle, 0."""
    return 32767 + sin16((np.asarray(phase, dtype=np.int64) + 49152) & FULL)


def _mixed(x: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    x = x ^ (x >> np.uint32(16))
    x = x * np.uint32(0x7FEB352D)
    x = x ^ (x >> np.uint32(15))
    x = x * np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))


def _word(value: Number) -> npt.NDArray[np.uint32]:
    """Return numbers mod 2^32, as an array of at least one dimension (scalars would warn on wrapping)."""
    return np.atleast_1d(np.asarray(value) & _MASK).astype(np.uint32)


def mix32(x: int) -> int:
    """Return a number mod 2^32 well mixed; a bijection (lowbias32 by Chris Wellons, public domain)."""
    return int(_mixed(_word(x))[0])


def hash32(seed: int, a: Number, b: Number) -> Array:
    """Return a u32 hash of three numbers (each taken mod 2^32), evenly spread over 32 bits."""
    start = _mixed(_word(seed ^ 0x9E3779B9))
    mixed = _mixed(_mixed(start + _word(a)) + _word(b)).astype(np.int64)
    shape = np.broadcast_shapes(np.shape(a), np.shape(b))
    return mixed.reshape(shape)


def noise16(seed: int, x: Number, y: Number) -> Array:
    """Return value noise, 0..65535, at a point of a seeded lattice with spacing 65536.

    ``x`` is taken mod 2^32 and ``y`` mod 2^48; the noise is seamless where they wrap.
    """
    x = np.asarray(x, dtype=np.int64) & _MASK
    y = np.asarray(y, dtype=np.int64) & ((1 << 48) - 1)
    xi, yi = x >> 16, y >> 16
    xn, yn = (xi + 1) & FULL, (yi + 1) & _MASK
    tx, ty = smooth16(x & FULL), smooth16(y & FULL)
    near = lerp16(hash32(seed, xi, yi) >> 16, hash32(seed, xn, yi) >> 16, tx)
    far = lerp16(hash32(seed, xi, yn) >> 16, hash32(seed, xn, yn) >> 16, tx)
    return lerp16(near, far, ty)
