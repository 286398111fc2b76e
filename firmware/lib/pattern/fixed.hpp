// Fixed-point primitives (docs/reference/rendering.md, 3). A fraction is a u16 where 65535 means 1,
// a phase a u16 where 65536 means one turn.
#pragma once

#include <cstdint>

namespace hk {

/// `a` times the fraction `b`, rounded.
constexpr std::uint16_t scale16(std::uint32_t a, std::uint32_t b) {
    return static_cast<std::uint16_t>((a * b + 32767u) / 65535u);
}

/// From `a` (t = 0) to `b` (t = 65535), rounded.
constexpr std::uint16_t lerp16(std::uint32_t a, std::uint32_t b, std::uint32_t t) {
    return static_cast<std::uint16_t>((a * (65535u - t) + b * t + 32767u) / 65535u);
}

/// Rounded down, so that repeated fading always ends at 0.
constexpr std::uint16_t fade16(std::uint32_t a, std::uint32_t f) {
    return static_cast<std::uint16_t>((a * f) >> 16);
}

/// 8 bits to 16.
constexpr std::uint16_t widen(std::uint32_t v) { return static_cast<std::uint16_t>(v * 257u); }

/// 0, up to 65534, and back over one turn.
constexpr std::uint16_t tri16(std::uint32_t p) {
    return static_cast<std::uint16_t>(2u * (p < 32768u ? p : 65535u - p));
}

/// 3x² - 2x³.
constexpr std::uint16_t smooth16(std::uint32_t x) {
    const std::uint32_t q = (x * x) >> 16;
    const std::uint32_t y = (q * (49152u - (x >> 1))) >> 14;
    return static_cast<std::uint16_t>(y < 65535u ? y : 65535u);
}

/// The smaller of `a` and 65535.
constexpr std::uint16_t clip16(std::uint32_t a) {
    return static_cast<std::uint16_t>(a < 65535u ? a : 65535u);
}

}  // namespace hk
