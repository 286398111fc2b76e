// What a WS2812B makes of its data pin, by the LED's datasheet: for ports that decode what they send.
#pragma once

#include <cstdint>

/// Not the firmware's own tables (lib/strip/timing.hpp): a decoder that shared those would agree with any fault in them.
namespace hk::ws2812 {

constexpr std::uint32_t kZeroHigh = 400;  // ns, as all of these
constexpr std::uint32_t kZeroLow = 850;
constexpr std::uint32_t kOneHigh = 800;
constexpr std::uint32_t kOneLow = 450;
constexpr std::uint32_t kTolerance = 150;
constexpr std::uint32_t kReset = 280000;

constexpr bool near(std::uint32_t ns, std::uint32_t nominal) {
    return ns + kTolerance >= nominal && ns <= nominal + kTolerance;
}

/// Puts the 24 bits that an LED took (green, red, blue) down as R, G, B.
inline void put_rgb(std::uint8_t* rgb, std::uint32_t bits) {
    rgb[1] = static_cast<std::uint8_t>(bits >> 16);
    rgb[0] = static_cast<std::uint8_t>(bits >> 8);
    rgb[2] = static_cast<std::uint8_t>(bits);
}

}  // namespace hk::ws2812
