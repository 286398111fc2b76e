// The colour circle, moving along the strip or outwards from the centre.
#include <iterator>

#include "pattern/centre.hpp"
#include "pattern/motion.hpp"
#include "pattern/registry.hpp"

namespace hk {
namespace {

enum : std::size_t { kPeriod, kSpan, kSaturation, kValue, kCentre };

constexpr Param kParams[] = {
    {"period", ParamType::integer, 0, 60000, 6000, "ms"},
    {"span", ParamType::integer, 1, 1024, 160, "LED"},
    {"saturation", ParamType::integer, 0, 255, 240, "/255"},
    {"value", ParamType::integer, 0, 255, 255, "/255"},
    {"centre", ParamType::flag, 0, 1, 0, ""},
};

void draw(const Inputs& in, const State&, const Canvas& canvas) {
    const std::uint32_t phase = cycle(in.time_us, in.value(kPeriod)).phase;
    const std::uint32_t shift = 65536u - phase + canvas.strip % 2 * 32768u;
    for (std::uint32_t i = 0; i < canvas.leds; ++i) {
        const std::uint32_t u = in.flag(kCentre) ? distance(i, canvas.leds) : i;
        const std::uint32_t hue = u * 65536u / in.value(kSpan) + shift;
        canvas.out[i] = hsv16(static_cast<std::uint16_t>(hue), in.fraction(kSaturation), in.fraction(kValue));
    }
}

}  // namespace

const Pattern kRainbow{"rainbow", kParams, std::size(kParams), false, draw, nullptr};

}  // namespace hk
