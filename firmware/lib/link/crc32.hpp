// CRC-32 as zlib.crc32 computes it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hk {

/// CRC of `size` bytes, going on from `crc` (0 to start): crc32(b, n, crc32(a, m)) covers a then b.
std::uint32_t crc32(const void* data, std::size_t size, std::uint32_t crc = 0);

}  // namespace hk
