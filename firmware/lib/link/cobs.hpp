// Consistent Overhead Byte Stuffing: bytes without a zero among them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hk {

/// Writes the encoding of one message byte by byte into a buffer of cobs_bound(total) bytes.
class CobsEncoder {
public:
    explicit CobsEncoder(std::uint8_t* out) : out_(out) {}

    void put(const std::uint8_t* data, std::size_t size);

    /// Ends the message; returns its encoded length.
    std::size_t finish();

private:
    std::uint8_t* out_;
    std::size_t code_at_ = 0;
    std::size_t end_ = 1;
    bool full_ = false;  ///< the last block took 254 bytes and the next is not begun
};

inline constexpr std::size_t kCobsBroken = static_cast<std::size_t>(-1);

/// Decodes a chunk without its zero bytes, in place; returns the length or kCobsBroken.
std::size_t cobs_decode(std::uint8_t* chunk, std::size_t size);

}  // namespace hk
