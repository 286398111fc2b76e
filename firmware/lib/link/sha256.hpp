// SHA-256 (FIPS 180-4), small rather than fast: it digests a challenge now and then.
#pragma once

#include <cstddef>
#include <cstdint>

#include "hal/bytes.hpp"

namespace hk {

class Sha256 {
public:
    static constexpr std::size_t kSize = 32;  ///< bytes of a digest

    /// Takes more of the message.
    void add(Bytes bytes);

    /// Ends the message and writes its digest; nothing may be added after that.
    void finish(std::uint8_t (&digest)[kSize]);

private:
    static constexpr std::size_t kBlock = 64;

    void take(std::uint8_t byte);
    void digest_block();

    std::uint32_t state_[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                               0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    std::uint8_t block_[kBlock];
    std::size_t used_ = 0;     ///< bytes in the block
    std::uint64_t taken_ = 0;  ///< bytes of the message
};

}  // namespace hk
