// Where the centre of a strip is, and how far an LED lies from it.
#pragma once

#include <cstdint>

namespace hk {

/// Twice the centre of a strip of n LEDs is n - kCentreFromEnd: of 160, between 79 and 80.
/// The one place where the firmware decides it.
inline constexpr std::int32_t kCentreFromEnd = 1;

/// Distance of LED i from the centre of a strip of n: both middle LEDs of an even strip have 0.
constexpr std::uint32_t distance(std::uint32_t i, std::uint32_t n) {
    const std::int32_t twice = 2 * static_cast<std::int32_t>(i) - (static_cast<std::int32_t>(n) - kCentreFromEnd);
    return static_cast<std::uint32_t>(twice < 0 ? -twice : twice) >> 1;
}

/// Number of distances: distance() is 0..distances(n)-1.
constexpr std::uint32_t distances(std::uint32_t n) { return (n + 1) / 2; }

/// A distance as a fraction: 0 at the centre, 65535 at both ends.
constexpr std::uint16_t reach(std::uint32_t k, std::uint32_t n) {
    const std::uint32_t count = distances(n);
    return count > 1 ? static_cast<std::uint16_t>(k * 65535u / (count - 1)) : std::uint16_t{0};
}

}  // namespace hk
