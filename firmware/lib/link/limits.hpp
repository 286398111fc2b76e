// Sizes of the link, from firmware/protocol/link.cddl.
#pragma once

#include <cstddef>

namespace hk {

/// CBOR of one message, either direction ("mtu").
inline constexpr std::size_t kMtu = 2048;

inline constexpr std::size_t kCrcBytes = 4;

/// Most bytes that COBS makes of `size`: one more for every 254, and one.
constexpr std::size_t cobs_bound(std::size_t size) { return size + size / 254 + 1; }

/// The longest chunk between two zero bytes that can be a frame.
inline constexpr std::size_t kMaxChunk = cobs_bound(kMtu + kCrcBytes);

/// The same with both zero bytes.
inline constexpr std::size_t kMaxWire = kMaxChunk + 2;

}  // namespace hk
