// How a WS2812B wants its bits: the one timing table of the firmware.
#pragma once

#include <cstdint>

namespace hk {

/// One tick of a waveform word: 25 ns, an RMT clock of 40 MHz.
inline constexpr std::uint32_t kTickNs = 25;

/// Datasheet times in ns (WS2812B-V5: T0H 400, T0L 850, T1H 800, T1L 450, each ± 150; reset > 280 µs).
inline constexpr std::uint32_t kZeroHighNs = 400;
inline constexpr std::uint32_t kZeroLowNs = 850;
inline constexpr std::uint32_t kOneHighNs = 800;
inline constexpr std::uint32_t kOneLowNs = 450;

/// Length of the reset gap that is sent; 20 µs more than the datasheet asks for.
inline constexpr std::uint32_t kResetUs = 300;

/// One word of the RMT kind: a level for some ticks (bits 0-14, level in bit 15), then another
/// (bits 16-30, level in bit 31).
constexpr std::uint32_t waveform_word(std::uint32_t high_ticks, std::uint32_t low_ticks) {
    return high_ticks | 0x8000u | (low_ticks << 16);
}

inline constexpr std::uint32_t kZeroWord = waveform_word(kZeroHighNs / kTickNs, kZeroLowNs / kTickNs);
inline constexpr std::uint32_t kOneWord = waveform_word(kOneHighNs / kTickNs, kOneLowNs / kTickNs);
inline constexpr std::uint32_t kResetWord = kResetUs * 1000 / kTickNs;  // low, then the end mark (0)

inline constexpr std::uint32_t kBitsPerLed = 24;
inline constexpr std::uint32_t kLedUs = kBitsPerLed * (kZeroHighNs + kZeroLowNs) / 1000;

static_assert(kZeroHighNs + kZeroLowNs == kOneHighNs + kOneLowNs, "both bits take 1.25 us");
static_assert(kResetWord < 0x8000, "the gap fits the 15 bits of one duration");

/// Words for one frame of a strip: a word a bit and the reset.
constexpr std::uint32_t waveform_words(std::uint32_t leds) { return leds * kBitsPerLed + 1; }

/// Time on the wire of one frame of a strip, reset gap included.
constexpr std::uint32_t frame_us(std::uint32_t leds) { return leds * kLedUs + kResetUs; }

}  // namespace hk
