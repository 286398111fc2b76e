// 8-bit pixels to the waveform of a WS2812B strip.
#pragma once

#include <cstdint>

#include "strip/order.hpp"

namespace hk {

/// Writes waveform_words(leds) words for `leds` pixels of R, G, B: colours in `order`, most
/// significant bit first, then the reset gap.
void encode_strip(const std::uint8_t* rgb, std::uint32_t leds, const ColourOrder& order,
                  std::uint32_t* words);

}  // namespace hk
