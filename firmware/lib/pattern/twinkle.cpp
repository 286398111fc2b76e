// Stars that flash up and die away, each at its own moment.
#include <iterator>

#include "pattern/hash.hpp"
#include "pattern/motion.hpp"
#include "pattern/registry.hpp"

namespace hk {
namespace {

enum : std::size_t { kColour, kBack, kDensity, kPeriod, kVariety };

constexpr Param kParams[] = {
    {"colour", ParamType::colour, 0, kMaxColour, 0xFFD9A0, ""},
    {"back", ParamType::colour, 0, kMaxColour, 0x04060C, ""},
    {"density", ParamType::integer, 0, 255, 110, "/256"},
    {"period", ParamType::integer, 100, 20000, 2400, "ms"},
    {"variety", ParamType::integer, 0, 255, 120, "/255"},
};

// A quick rise over the first quarter, then a long fall.
std::uint16_t envelope(std::uint32_t phase) {
    if (phase < 16384u) {
        return smooth16(4u * phase);
    }
    const std::uint32_t y = 65535u - (phase - 16384u) * 4u / 3u;
    return scale16(y, y);
}

void draw(const Inputs& in, const State&, const Canvas& canvas) {
    const Cycle now = cycle(in.time_us, in.value(kPeriod));
    const Colour colour = in.colour(kColour);
    const Colour back = in.colour(kBack);
    for (std::uint32_t i = 0; i < canvas.leds; ++i) {
        const std::uint32_t id = canvas.strip * 65536u + i;
        const std::uint32_t z = now.phase + (hash32(in.seed, id, 0) & 0xFFFFu);
        const std::uint32_t round = now.count + (z >> 16);
        const std::uint32_t h = hash32(in.seed, id, round + 1u);
        std::uint16_t light = 0;
        if ((h >> 24) < in.value(kDensity)) {
            light = scale16(envelope(z & 0xFFFFu), 32768u + ((h >> 8) & 0x7FFFu));
        }
        const std::uint16_t white = scale16(widen(h & 0xFFu), in.fraction(kVariety));
        canvas.out[i] = lerp16(back, lerp16(colour, kWhite, white), light);
    }
}

}  // namespace

const Pattern kTwinkle{"twinkle", kParams, std::size(kParams), false, draw, nullptr};

}  // namespace hk
