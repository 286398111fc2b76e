// Views of bytes that somebody else owns.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hk {

/// Bytes to read; valid as long as their owner says.
struct Bytes {
    const std::uint8_t* data = nullptr;
    std::size_t size = 0;
};

}  // namespace hk
