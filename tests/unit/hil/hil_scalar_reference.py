"""A second, slow and obvious model: rendering.md line by line, one LED at a time, in plain integers.

Every value passes through ``u32`` unless the page says (u64) or mod, so a formula that does not fit
the widths that the page promises fails here.
"""

from __future__ import annotations

import math

FULL = 65535
QUARTER = [math.floor(32767 * math.sin(math.radians(90 * i / 64)) + 0.5) for i in range(65)] + [32767]
RAMP = 268431360


def u32(x):
    assert 0 <= x < 1 << 32, x
    return x


def u64(x):
    assert 0 <= x < 1 << 64, x
    return x


def scale16(a, b):
    return u32(a * b + 32767) // 65535


def lerp16(a, b, t):
    return u32(a * (65535 - t) + b * t + 32767) // 65535


def fade16(a, f):
    return u32(a * f) >> 16


def tri16(p):
    return 2 * (p if p < 32768 else 65535 - p)


def smooth16(x):
    q = u32(x * x) >> 16
    return min(65535, u32(q * (49152 - (x >> 1))) >> 14)


def sin16(p):
    x = p % 16384
    if (p >> 14) % 2:
        x = 16384 - x
    i, f = x >> 8, x % 256
    v = QUARTER[i] + (u32((QUARTER[i + 1] - QUARTER[i]) * f + 128) >> 8)
    return -v if p >> 14 >= 2 else v


def swell16(p):
    return 32767 + sin16((p + 49152) % 65536)


def mix32(x):
    x ^= x >> 16
    x = x * 0x7FEB352D % 2**32
    x ^= x >> 15
    x = x * 0x846CA68B % 2**32
    return x ^ (x >> 16)


def hash32(seed, a, b):
    return mix32((mix32((mix32(seed ^ 0x9E3779B9) + a) % 2**32) + b) % 2**32)


def noise16(seed, x, y):
    xi, yi = u32(x) >> 16, (u64(y) >> 16) % 2**32
    xn, yn = (xi + 1) % 65536, (yi + 1) % 2**32
    tx, ty = smooth16(x % 65536), smooth16(y % 65536)
    near = lerp16(hash32(seed, xi, yi) >> 16, hash32(seed, xn, yi) >> 16, tx)
    far = lerp16(hash32(seed, xi, yn) >> 16, hash32(seed, xn, yn) >> 16, tx)
    return lerp16(near, far, ty)


def hsv16(h, s, v):
    z = h * 6
    e, f = z >> 16, z % 65536
    a = scale16(v, 65535 - s)
    d = scale16(v, 65535 - scale16(s, f))
    u = scale16(v, 65535 - scale16(s, 65535 - f))
    return [(v, u, a), (d, v, a), (a, v, u), (a, d, v), (u, a, v), (v, a, d)][e]


STOPS = [
    (0x100000, 0x8C1400, 0xFF4800, 0xFFA810, 0xFFF0B0),
    (0x000418, 0x002C70, 0x0078C8, 0x20D0D8, 0xD0FFF0),
    (0x0C0018, 0x5000A0, 0xC01890, 0xFF5070, 0xFFD0A0),
    (0x001006, 0x00481C, 0x20A030, 0xA0D840, 0xF8F8B0),
]


def rgb(colour):
    return ((colour >> 16) * 257, (colour >> 8 & 255) * 257, (colour & 255) * 257)


def mixed(a, b, t):
    return tuple(lerp16(x, y, t) for x, y in zip(a, b, strict=True))


def ramp16(palette, x):
    j = x >> 14
    return mixed(rgb(STOPS[palette][j]), rgb(STOPS[palette][j + 1]), (x % 16384) * 4)


def cycle(t, period):
    if period == 0:
        return 0, 0
    length = u32(period * 1000)
    return (t // length) % 2**32, u64((t % length) * 65536) // length


def travel(t, speed):
    whole = u64((t // 1000000) * (speed * 256))
    return u64(whole + u64((t % 1000000) * speed * 256) // 1000000)


def distance(i, n):
    return abs(2 * i - (n - 1)) >> 1


def radius(i, n):
    most = (n + 1) // 2
    return u32(distance(i, n) * 65535) // (most - 1) if most > 1 else 0


def solid(p, _seed, _t, _audio, _s, _i, _n):
    return rgb(p["colour"])


def gradient(p, _seed, t, _audio, _s, i, n):
    x = radius(i, n)
    if p["period"] > 0:
        x = tri16((x // 2 + 65536 - cycle(t, p["period"])[1]) % 65536)
    if p["curve"] == 1:
        x = smooth16(x)
    return mixed(rgb(p["inner"]), rgb(p["outer"]), x)


def breathe(p, _seed, t, _audio, s, _i, _n):
    g = p["lag"] * 65536 // 360
    q = (cycle(t, p["period"])[1] + s * (65536 - g)) % 65536
    v = lerp16(p["floor"] * 257, 65535, swell16(q))
    return tuple(scale16(c, v) for c in rgb(p["colour"]))


def comet(p, _seed, t, _audio, s, i, n):
    w = p["tail"] * 256
    inv = RAMP // w
    j = n - 1 - i if p["mirror"] == 1 and s % 2 == 1 else i
    ring = n * 256 if p["bounce"] == 0 or n == 1 else (n - 1) * 512
    head = travel(t, p["speed"]) % ring
    spacing = ring // p["count"]

    def light(d):
        e = d % spacing
        a = b = 0
        if e < w:
            x = 65535 - (u32(e * inv) >> 12)
            a = scale16(x, x)
        g = spacing - e
        if g < 256:
            b = (256 - g) * 256
        return max(a, b)

    v = light(u32(head + ring - j * 256) % ring)
    if p["bounce"] == 1 and n > 1:
        v = max(v, light(u32(head + j * 256) % ring))
    white = scale16(scale16(v, v), p["spark"] * 257)
    return tuple(scale16(lerp16(c, 65535, white), v) for c in rgb(p["colour"]))


def chase(p, _seed, t, _audio, s, i, _n):
    w, period = p["width"] * 256, (p["width"] + p["space"]) * 256
    o = (travel(t, p["speed"]) % period + (s % 2) * (period // 2)) % period
    q = u32(i * 256 + o) % period if p["reverse"] else u32(i * 256 + period - o) % period
    cov = min(256, w - q) if q < w else 0
    if q > period - 256:
        cov = q + 256 - period
    return mixed(rgb(p["back"]), rgb(p["colour"]), min(65535, cov * 256))


def twinkle(p, seed, t, _audio, s, i, _n):
    count, phase = cycle(t, p["period"])
    star = s * 65536 + i
    z = phase + hash32(seed, star, 0) % 65536
    c = (count + (z >> 16)) % 2**32
    f = z % 65536
    h = hash32(seed, star, (c + 1) % 2**32)
    if h >> 24 >= p["density"]:
        e = 0
    else:
        if f < 16384:
            env = smooth16(4 * f)
        else:
            y = 65535 - (f - 16384) * 4 // 3
            env = scale16(y, y)
        e = scale16(env, 32768 + (h >> 8) % 32768)
    white = scale16((h % 256) * 257, p["variety"] * 257)
    return mixed(rgb(p["back"]), mixed(rgb(p["colour"]), (65535,) * 3, white), e)


def lava(p, seed, t, _audio, s, i, n):
    count, phase = cycle(t, p["period"])
    y = count * 65536 + phase
    u = distance(i, n) if p["mirror"] else i
    x = (u32(u * 65536) // p["size"] - (y >> 2)) % 2**32
    z = (seed + s * 0x9E3779B9) % 2**32
    v = (2 * noise16(z, x, y) + noise16(z ^ 0x5BD1E995, 2 * x % 2**32, 2 * y)) // 3
    return ramp16(p["palette"], lerp16(v, smooth16(smooth16(v)), p["contrast"] * 257))


def wave(p, _seed, t, _audio, s, i, n):
    length, period = p["length"], p["period"]
    j = n - 1 - i if s % 2 else i
    p1 = (u32(j * 65536) // length + 65536 - cycle(t, period)[1] + (s % 2) * 16384) % 65536
    p2 = (u32(j * 65536) // (length + length // 2) + cycle(t, period + period // 2)[1]) % 65536
    v = (2 * swell16(p1) + swell16(p2)) // 3
    return mixed(rgb(p["low"]), rgb(p["high"]), lerp16(v, smooth16(v), p["sharp"] * 257))


def rainbow(p, _seed, t, _audio, s, i, n):
    u = distance(i, n) if p["centre"] else i
    h = (u32(u * 65536) // p["span"] + 65536 - cycle(t, p["period"])[1] + (s % 2) * 32768) % 65536
    return hsv16(h, p["saturation"] * 257, p["value"] * 257)


def spectrum(p, _seed, t, audio, _s, i, n):
    r = radius(i, n)
    x = r * 7
    b = x >> 16
    e = lerp16(audio.bands[b], audio.bands[b + 1], smooth16(x % 65536))
    e = min(65535, u32(e * p["gain"]) // 64)
    y = 65535 - r
    e = min(65535, e + scale16(audio.beat, scale16(y, y)) // 4)
    v = max(e, scale16(p["floor"] * 257, 65535 - r // 2))
    h = (p["hue"] * 257 + scale16(r, p["spread"] * 257) + cycle(t, p["drift"])[1]) % 65536
    return hsv16(h, 65535 - scale16(scale16(e, e), 40000), v)


POINTWISE = {
    f.__name__: f for f in (solid, gradient, breathe, comet, chase, twinkle, lava, wave, rainbow, spectrum)
}


class Ticks:
    """Section 6, literally."""

    def __init__(self, params, seed, lengths):
        self.p, self.seed, self.lengths = params, seed, lengths
        self.keep = 65535 - 524280 // params["decay"]
        self.reset()

    def reset(self):
        self.done = 0
        self.zero()

    def draw(self, t, audio):
        target = t // 8000
        if target < self.done:
            self.reset()
        if target - self.done > 1024:
            self.reset()
            self.done = target - 1024
        while self.done < target:
            self.done += 1
            self.tick(self.done, audio)
        return [[self.led(i, n) for i in range(n)] for n in self.lengths]


class Pulse(Ticks):
    def zero(self):
        self.env = self.wait = self.count = 0
        self.rings = [[0, 0, 0] for _ in range(4)]

    def tick(self, _j, audio):
        for ring in self.rings:
            ring[0] = min(ring[0] + u32(self.p["speed"] * 2048) // 1000, 0xFFFFFF)
            ring[1] = fade16(ring[1], self.keep)
        self.env = max(audio.level, fade16(self.env, self.keep))
        if self.wait > 0:
            self.wait -= 1
        if self.wait == 0 and audio.beat > 0 and audio.beat >= self.p["threshold"] * 257:
            turn = hash32(self.seed, self.count, 0x70756C73) >> 16
            self.rings[self.count % 4] = [0, audio.beat, turn]
            self.count = (self.count + 1) % 2**32
            self.wait = self.p["gap"] // 8

    def led(self, i, n):
        w = self.p["width"] * 256
        inv = RAMP // w
        body = rgb(self.p["colour"])
        out = list(mixed(rgb(self.p["back"]), body, scale16(self.env, 65535 - radius(i, n))))
        for pos, power, turn in self.rings:
            d = abs(distance(i, n) * 256 - pos)
            if d < w:
                g = scale16(smooth16(65535 - (u32(d * inv) >> 12)), power)
                tint = mixed(body, (65535,) * 3, scale16(turn, self.p["variety"] * 257))
                out = [min(65535, c + scale16(x, g)) for c, x in zip(out, tint, strict=True)]
        return tuple(out)


class Bloom(Ticks):
    def zero(self):
        self.field = [(0, 0, 0)] * ((max(self.lengths) + 1) // 2)

    def tick(self, j, audio):
        flow = self.p["flow"]
        for k in range(len(self.field) - 1, 0, -1):
            self.field[k] = tuple(
                fade16(u32(own * (256 - flow) + inner * flow) >> 8, self.keep)
                for own, inner in zip(self.field[k], self.field[k - 1], strict=True)
            )
        first = [fade16(c, self.keep) for c in self.field[0]]
        e = min(65535, u32(audio.level * self.p["gain"]) // 64)
        e = max(e, scale16(swell16((j % 500) * 65536 // 500), self.p["idle"] * 257))
        e = min(65535, e + audio.beat // 4)
        total, moment = sum(audio.bands), sum(b * v for b, v in enumerate(audio.bands))
        centre = u32(moment * 2048) // total if total > 0 else 0
        shift = scale16(noise16(self.seed, 0, j * 1024 % 2**64), self.p["wander"] * 257)
        h = (self.p["hue"] * 257 + centre + shift) % 65536
        fresh = hsv16(h, 65535 - scale16(audio.beat, 26214), e)
        self.field[0] = tuple(max(a, b) for a, b in zip(first, fresh, strict=True))

    def led(self, i, n):
        return self.field[distance(i, n)]


class Reference:
    """Any pattern on any strips; ``draw`` returns rows of (R, G, B) tuples, a row a strip."""

    def __init__(self, name, params, seed, lengths):
        self.name, self.p, self.seed, self.lengths = name, params, seed, lengths
        self.stateful = {"pulse": Pulse, "bloom": Bloom}.get(name)
        if self.stateful:
            self.artist = self.stateful(params, seed, lengths)

    def draw(self, t, audio):
        if self.stateful:
            return self.artist.draw(t, audio)
        function = POINTWISE[self.name]
        return [
            [function(self.p, self.seed, t, audio, s, i, n) for i in range(n)]
            for s, n in enumerate(self.lengths)
        ]


def pipeline(pixels, brightness, limit, lut):
    """Return gamma, limited and 8-bit channels, and mA, for a flat list of linear channels (3 an LED)."""
    leds = len(pixels) // 3
    gamma = []
    for value in pixels:
        dimmed = u32(value * (brightness * 257) + 32767) // 65535
        stretched = dimmed + (dimmed >> 15)
        i, f = stretched >> 8, stretched % 256
        gamma.append(u32(lut[i] * (256 - f) + lut[i + 1] * f + 128) >> 8 if f else lut[i])
    idle, active = 1000 * leds, u64(sum(gamma) * 20000) // 65535
    limited = gamma
    if limit > 0 and idle + active > limit * 1000:
        k = u64(max(0, limit * 1000 - idle) * 65536) // active if active else 0
        limited = [u32(g * k) >> 16 for g in gamma]
    frame = [p // 257 for p in limited]
    return gamma, limited, frame, (1000 * leds + u64(sum(frame) * 20000) // 255 + 999) // 1000
