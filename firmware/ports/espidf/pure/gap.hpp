// The reset gap as the RMT driver wants it.
#pragma once

#include <cstdint>

namespace hk::espidf {

/// A reset word is a low and then the end mark, a duration of 0. The driver puts an end mark of its
/// own behind what it is given, so the gap becomes one word with two lows that are as long together.
constexpr std::uint32_t split_gap(std::uint32_t reset_word) {
    const std::uint32_t ticks = (reset_word & 0x7FFFu) + (reset_word >> 16 & 0x7FFFu);
    return ticks / 2 | (ticks - ticks / 2) << 16;
}

}  // namespace hk::espidf
