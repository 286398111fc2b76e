// Colours of 16 bits a channel.
#pragma once

#include <cstdint>

#include "pattern/fixed.hpp"

namespace hk {

struct Colour {
    std::uint16_t r = 0;
    std::uint16_t g = 0;
    std::uint16_t b = 0;
};

inline constexpr Colour kWhite{65535, 65535, 65535};

/// 0xRRGGBB.
constexpr Colour widen_rgb(std::uint32_t rgb) {
    return {widen((rgb >> 16) & 0xFFu), widen((rgb >> 8) & 0xFFu), widen(rgb & 0xFFu)};
}

constexpr Colour scale16(Colour c, std::uint32_t f) {
    return {scale16(c.r, f), scale16(c.g, f), scale16(c.b, f)};
}

constexpr Colour lerp16(Colour a, Colour b, std::uint32_t t) {
    return {lerp16(a.r, b.r, t), lerp16(a.g, b.g, t), lerp16(a.b, b.b, t)};
}

/// Hue is a phase (0 red, 21845 green, 43690 blue), saturation and value are fractions.
Colour hsv16(std::uint16_t hue, std::uint16_t saturation, std::uint16_t value);

inline constexpr std::uint32_t kPalettes = 4;

/// The colour at x (0..65535) of a palette: 0 ember, 1 ocean, 2 orchid, 3 forest.
Colour ramp16(std::uint32_t palette, std::uint16_t x);

}  // namespace hk
