// Waveform words of the firmware as symbols of this chip's RMT: its timing table.
#pragma once

#include <cstdint>

#include "strip/timing.hpp"

namespace hk::esp32c3 {

/// The RMT runs from the 80 MHz APB clock with a divider of 1.
inline constexpr std::uint32_t kRmtTicksPerUs = 80;

constexpr std::uint32_t rmt_ticks(std::uint32_t ns) { return ns * kRmtTicksPerUs / 1000; }

constexpr std::uint32_t rmt_symbol(std::uint32_t high_ticks, std::uint32_t low_ticks) {
    return high_ticks | 0x8000u | low_ticks << 16;
}

/// A bit that is 0 and one that is 1, in ticks of 12.5 ns (T0H, T0L and T1H, T1L).
inline constexpr std::uint32_t kRmtZero = rmt_symbol(rmt_ticks(kZeroHighNs), rmt_ticks(kZeroLowNs));
inline constexpr std::uint32_t kRmtOne = rmt_symbol(rmt_ticks(kOneHighNs), rmt_ticks(kOneLowNs));

/// The gap that makes the LEDs show what they took, in two halves as one is 15 bits long.
inline constexpr std::uint32_t kRmtReset = rmt_ticks(kResetUs * 500) | rmt_ticks(kResetUs * 500) << 16;

static_assert(rmt_ticks(kResetUs * 500) < 0x8000, "half a gap fits 15 bits");

/// The end mark: the transmitter stops there.
inline constexpr std::uint32_t kRmtEnd = 0;

/// The symbol of a word that strip/encoder.cpp made.
constexpr std::uint32_t symbol_of(std::uint32_t word) {
    return word == kZeroWord ? kRmtZero : word == kOneWord ? kRmtOne : kRmtReset;
}

}  // namespace hk::esp32c3
