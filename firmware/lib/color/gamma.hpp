// Gamma 2.2 by table: linear drive from what the eye should see.
#pragma once

#include <cstdint>

namespace hk {

/// round(65535 * (i / 256) ^ 2.2); the integers are part of docs/reference/rendering.md.
extern const std::uint16_t kGammaTable[258];

/// Interpolates the table; 0 gives 0 and 65535 gives 65535.
inline std::uint16_t gamma16(std::uint16_t value) {
    const std::uint32_t stretched = value + (value >> 15);  // 0..65536: the last entry is reached
    const std::uint32_t i = stretched >> 8;
    const std::uint32_t f = stretched & 0xFFu;
    return static_cast<std::uint16_t>(
        (kGammaTable[i] * (256 - f) + kGammaTable[i + 1] * f + 128) >> 8);
}

}  // namespace hk
