// Audio: bass at the centre, treble at the ends; the beat lights the centre.
#include <iterator>

#include "pattern/centre.hpp"
#include "pattern/motion.hpp"
#include "pattern/registry.hpp"

namespace hk {
namespace {

enum : std::size_t { kHue, kSpread, kGain, kFloor, kDrift };

constexpr Param kParams[] = {
    {"hue", ParamType::integer, 0, 255, 0, "/255"},
    {"spread", ParamType::integer, 0, 255, 170, "/255"},
    {"gain", ParamType::integer, 1, 255, 64, "/64"},
    {"floor", ParamType::integer, 0, 255, 24, "/255"},
    {"drift", ParamType::integer, 0, 60000, 20000, "ms"},
};

// How loud it is at reach `r` of the centre: the bands, interpolated, with the beat on top.
std::uint16_t loudness(const Inputs& in, std::uint32_t r) {
    const std::uint32_t x = r * 7u;
    const std::uint16_t* band = in.audio.bands + (x >> 16);
    const std::uint32_t heard = lerp16(band[0], band[1], smooth16(x & 0xFFFFu));
    const std::uint32_t loud = clip16(heard * in.value(kGain) / 64u);
    const std::uint32_t near = 65535u - r;
    return clip16(loud + scale16(in.audio.beat, scale16(near, near)) / 4u);
}

void draw(const Inputs& in, const State&, const Canvas& canvas) {
    const std::uint32_t drift = cycle(in.time_us, in.value(kDrift)).phase;
    for (std::uint32_t i = 0; i < canvas.leds; ++i) {
        const std::uint32_t r = reach(distance(i, canvas.leds), canvas.leds);
        const std::uint16_t e = loudness(in, r);
        const std::uint16_t glow = scale16(in.fraction(kFloor), 65535u - r / 2u);
        const std::uint32_t hue = in.fraction(kHue) + scale16(r, in.fraction(kSpread)) + drift;
        const std::uint16_t saturation = static_cast<std::uint16_t>(65535u - scale16(scale16(e, e), 40000));
        canvas.out[i] = hsv16(static_cast<std::uint16_t>(hue), saturation, e > glow ? e : glow);
    }
}

}  // namespace

const Pattern kSpectrum{"spectrum", kParams, std::size(kParams), true, draw, nullptr};

}  // namespace hk
