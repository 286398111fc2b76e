// Two sine waves that run against each other mix two colours.
#include <iterator>

#include "pattern/motion.hpp"
#include "pattern/registry.hpp"
#include "pattern/sine.hpp"

namespace hk {
namespace {

enum : std::size_t { kLow, kHigh, kLength, kPeriod, kSharp };

constexpr Param kParams[] = {
    {"low", ParamType::colour, 0, kMaxColour, 0x0018C0, ""},
    {"high", ParamType::colour, 0, kMaxColour, 0xFF20A0, ""},
    {"length", ParamType::integer, 2, 512, 48, "LED"},
    {"period", ParamType::integer, 100, 60000, 3200, "ms"},
    {"sharp", ParamType::integer, 0, 255, 90, "/255"},
};

void draw(const Inputs& in, const State&, const Canvas& canvas) {
    const std::uint32_t length = in.value(kLength);
    const std::uint32_t period = in.value(kPeriod);
    const bool odd = canvas.strip % 2 == 1;
    const std::uint32_t forth = 65536u - cycle(in.time_us, period).phase + (odd ? 16384u : 0u);
    const std::uint32_t back = cycle(in.time_us, period + period / 2).phase;
    for (std::uint32_t i = 0; i < canvas.leds; ++i) {
        const std::uint32_t at = (odd ? canvas.leds - 1 - i : i) * 65536u;
        const std::uint32_t first = swell16(static_cast<std::uint16_t>(at / length + forth));
        const std::uint32_t second = swell16(static_cast<std::uint16_t>(at / (length + length / 2) + back));
        const std::uint16_t v = static_cast<std::uint16_t>((2u * first + second) / 3u);
        canvas.out[i] = lerp16(in.colour(kLow), in.colour(kHigh), lerp16(v, smooth16(v), in.fraction(kSharp)));
    }
}

}  // namespace

const Pattern kWave{"wave", kParams, std::size(kParams), false, draw, nullptr};

}  // namespace hk
