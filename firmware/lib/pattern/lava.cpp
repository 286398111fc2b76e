// Slow blobs of two octaves of value noise, coloured by a palette, drifting outwards.
#include <iterator>

#include "pattern/centre.hpp"
#include "pattern/motion.hpp"
#include "pattern/noise.hpp"
#include "pattern/registry.hpp"

namespace hk {
namespace {

enum : std::size_t { kPalette, kSize, kPeriod, kContrast, kMirror };

constexpr Param kParams[] = {
    {"palette", ParamType::choice, 0, kPalettes - 1, 0, ""},
    {"size", ParamType::integer, 2, 128, 14, "LED"},
    {"period", ParamType::integer, 100, 60000, 2600, "ms"},
    {"contrast", ParamType::integer, 0, 255, 180, "/255"},
    {"mirror", ParamType::flag, 0, 1, 1, ""},
};

constexpr std::uint32_t kSecondOctave = 0x5BD1E995u;
constexpr std::uint32_t kStripSeed = 0x9E3779B9u;  // the strips have different blobs

void draw(const Inputs& in, const State&, const Canvas& canvas) {
    const Cycle now = cycle(in.time_us, in.value(kPeriod));
    const std::uint64_t y = std::uint64_t{now.count} * 65536u + now.phase;
    const std::uint32_t seed = in.seed + canvas.strip * kStripSeed;
    const std::uint32_t drift = static_cast<std::uint32_t>(y >> 2);
    NoiseLine blobs(seed, y);
    NoiseLine grain(seed ^ kSecondOctave, 2u * y);
    for (std::uint32_t i = 0; i < canvas.leds; ++i) {
        const std::uint32_t u = in.flag(kMirror) ? distance(i, canvas.leds) : i;
        const std::uint32_t x = u * 65536u / in.value(kSize) - drift;
        const std::uint32_t coarse = blobs.at(x);
        const std::uint32_t fine = grain.at(2u * x);
        const std::uint16_t v = static_cast<std::uint16_t>((2u * coarse + fine) / 3u);
        const std::uint16_t hard = smooth16(smooth16(v));
        canvas.out[i] = ramp16(in.value(kPalette), lerp16(v, hard, in.fraction(kContrast)));
    }
}

}  // namespace

const Pattern kLava{"lava", kParams, std::size(kParams), false, draw, nullptr};

}  // namespace hk
