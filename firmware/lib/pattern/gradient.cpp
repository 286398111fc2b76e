// From one colour at the centre to another at both ends; with a period the bands roll outwards.
#include <iterator>

#include "pattern/centre.hpp"
#include "pattern/motion.hpp"
#include "pattern/registry.hpp"

namespace hk {
namespace {

enum : std::size_t { kInner, kOuter, kCurve, kPeriod };

constexpr Param kParams[] = {
    {"inner", ParamType::colour, 0, kMaxColour, 0xFF7010, ""},
    {"outer", ParamType::colour, 0, kMaxColour, 0x2000A0, ""},
    {"curve", ParamType::choice, 0, 1, 1, ""},
    {"period", ParamType::integer, 0, 60000, 0, "ms"},
};

void draw(const Inputs& in, const State&, const Canvas& canvas) {
    const Colour inner = in.colour(kInner);
    const Colour outer = in.colour(kOuter);
    const std::uint32_t period = in.value(kPeriod);
    const std::uint32_t phase = cycle(in.time_us, period).phase;
    for (std::uint32_t i = 0; i < canvas.leds; ++i) {
        std::uint16_t x = reach(distance(i, canvas.leds), canvas.leds);
        if (period > 0) {
            x = tri16((x / 2u + 65536u - phase) & 0xFFFFu);
        }
        if (in.value(kCurve) == 1) {
            x = smooth16(x);
        }
        canvas.out[i] = lerp16(inner, outer, x);
    }
}

}  // namespace

const Pattern kGradient{"gradient", kParams, std::size(kParams), false, draw, nullptr};

}  // namespace hk
