// The master brightness.
#pragma once

#include <cstdint>

namespace hk {

/// `value` times brightness / 255, rounded; exact at both ends.
inline std::uint16_t dim16(std::uint16_t value, std::uint8_t brightness) {
    const std::uint32_t factor = brightness * 257u;
    return static_cast<std::uint16_t>((value * factor + 32767u) / 65535u);
}

}  // namespace hk
