// One colour on every LED: the plainest thing, and the test of colours.
#include <iterator>

#include "pattern/registry.hpp"

namespace hk {
namespace {

enum : std::size_t { kColour };

constexpr Param kParams[] = {
    {"colour", ParamType::colour, 0, kMaxColour, 0xFFA040, ""},
};

void draw(const Inputs& in, const State&, const Canvas& canvas) {
    for (std::uint32_t i = 0; i < canvas.leds; ++i) {
        canvas.out[i] = in.colour(kColour);
    }
}

}  // namespace

const Pattern kSolid{"solid", kParams, std::size(kParams), false, draw, nullptr};

}  // namespace hk
