// Random numbers without a sequence: a hash of the seed and of what the number is for.
#pragma once

#include <cstdint>

namespace hk {

constexpr std::uint32_t mix32(std::uint32_t x) {
    x ^= x >> 16;
    x *= 0x7FEB352Du;
    x ^= x >> 15;
    x *= 0x846CA68Bu;
    return x ^ (x >> 16);
}

/// The part of a hash that depends on the seed alone.
constexpr std::uint32_t hash_base(std::uint32_t seed) { return mix32(seed ^ 0x9E3779B9u); }

constexpr std::uint32_t hash32(std::uint32_t seed, std::uint32_t a, std::uint32_t b) {
    return mix32(mix32(hash_base(seed) + a) + b);
}

}  // namespace hk
