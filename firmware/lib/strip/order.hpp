// In which order an LED takes its three colours from the wire.
#pragma once

#include <cstdint>

namespace hk {

/// `channel` holds, for each of the three bytes on the wire, which of R (0), G (1), B (2) it is.
struct ColourOrder {
    const char* name;
    std::uint8_t channel[3];
};

/// WS2812B datasheet: green, red, blue. The one place where the firmware decides it.
inline constexpr ColourOrder kWireOrder{"GRB", {1, 0, 2}};

}  // namespace hk
