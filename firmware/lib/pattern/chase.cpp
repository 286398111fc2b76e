// Blocks with soft edges that move along the strip.
#include <iterator>

#include "pattern/motion.hpp"
#include "pattern/registry.hpp"

namespace hk {
namespace {

enum : std::size_t { kColour, kBack, kWidth, kSpace, kSpeed, kReverse };

constexpr Param kParams[] = {
    {"colour", ParamType::colour, 0, kMaxColour, 0xFFC020, ""},
    {"back", ParamType::colour, 0, kMaxColour, 0x080010, ""},
    {"width", ParamType::integer, 1, 64, 3, "LED"},
    {"space", ParamType::integer, 1, 64, 5, "LED"},
    {"speed", ParamType::integer, 0, 1000, 12, "LED/s"},
    {"reverse", ParamType::flag, 0, 1, 0, ""},
};

// How much of an LED at `q` within the period is covered by the block, 0..256.
std::uint32_t coverage(std::uint32_t q, std::uint32_t width, std::uint32_t period) {
    if (q > period - 256u) {
        return q + 256u - period;
    }
    if (q >= width) {
        return 0;
    }
    return width - q < 256u ? width - q : 256u;
}

void draw(const Inputs& in, const State&, const Canvas& canvas) {
    const std::uint32_t width = in.value(kWidth) * 256u;
    const std::uint32_t period = width + in.value(kSpace) * 256u;
    const std::uint32_t moved = static_cast<std::uint32_t>(travel(in.time_us, in.value(kSpeed)) % period);
    const std::uint32_t offset = (moved + canvas.strip % 2 * (period / 2)) % period;
    const std::uint32_t shift = in.flag(kReverse) ? offset : period - offset;
    const Colour colour = in.colour(kColour);
    const Colour back = in.colour(kBack);
    for (std::uint32_t i = 0; i < canvas.leds; ++i) {
        const std::uint32_t covered = coverage((i * 256u + shift) % period, width, period);
        canvas.out[i] = lerp16(back, colour, clip16(covered * 256u));
    }
}

}  // namespace

const Pattern kChase{"chase", kParams, std::size(kParams), false, draw, nullptr};

}  // namespace hk
