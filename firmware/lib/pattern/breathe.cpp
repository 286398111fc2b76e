// Every LED swells and ebbs; the strips can lag behind one another.
#include <iterator>

#include "pattern/motion.hpp"
#include "pattern/registry.hpp"
#include "pattern/sine.hpp"

namespace hk {
namespace {

enum : std::size_t { kColour, kPeriod, kFloor, kLag };

constexpr Param kParams[] = {
    {"colour", ParamType::colour, 0, kMaxColour, 0xFF6020, ""},
    {"period", ParamType::integer, 200, 60000, 4000, "ms"},
    {"floor", ParamType::integer, 0, 255, 10, "/255"},
    {"lag", ParamType::integer, 0, 359, 0, "deg"},
};

void draw(const Inputs& in, const State&, const Canvas& canvas) {
    const std::uint32_t lag = in.value(kLag) * 65536u / 360u;
    const std::uint32_t phase = cycle(in.time_us, in.value(kPeriod)).phase + canvas.strip * (65536u - lag);
    const std::uint16_t swell = swell16(static_cast<std::uint16_t>(phase));
    const Colour colour = scale16(in.colour(kColour), lerp16(in.fraction(kFloor), 65535, swell));
    for (std::uint32_t i = 0; i < canvas.leds; ++i) {
        canvas.out[i] = colour;
    }
}

}  // namespace

const Pattern kBreathe{"breathe", kParams, std::size(kParams), false, draw, nullptr};

}  // namespace hk
