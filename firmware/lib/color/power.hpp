// The power model and its limiter: what the LEDs draw, and how much to dim so that they may.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hk {

/// An LED that is dark draws 1 mA, a channel at full drive 20 mA (WS2812B, measured by many).
inline constexpr std::uint32_t kIdleUaPerLed = 1000;
inline constexpr std::uint32_t kChannelUa = 20000;

inline constexpr std::uint32_t kMaxLimitMa = 65535;

/// The factor, in 1/65536, that keeps `leds` LEDs with drives that sum up to `drive_sum` under
/// `limit_ma`; 65536 when nothing has to be limited. A limit of 0 is no limit. Below the idle
/// current the factor is 0: the LEDs go dark, more cannot be done.
std::uint32_t power_factor(std::uint64_t drive_sum, std::uint32_t leds, std::uint32_t limit_ma);

/// Current in mA, rounded up, of `leds` LEDs whose 8-bit channels sum up to `frame_sum`.
std::uint32_t estimate_ma(std::uint64_t frame_sum, std::uint32_t leds);

}  // namespace hk
