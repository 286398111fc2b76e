#include "link/sha256.hpp"

namespace hk {
namespace {

// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
constexpr std::uint32_t kRound[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

constexpr std::uint32_t turned(std::uint32_t value, int bits) { return (value >> bits) | (value << (32 - bits)); }

}  // namespace

void Sha256::add(Bytes bytes) {
    for (std::size_t i = 0; i < bytes.size; ++i) {
        take(bytes.data[i]);
    }
    taken_ += bytes.size;
}

void Sha256::finish(std::uint8_t (&digest)[kSize]) {
    const std::uint64_t bits = taken_ * 8;
    take(0x80);
    while (used_ != kBlock - 8) {
        take(0);
    }
    for (int shift = 56; shift >= 0; shift -= 8) {
        take(static_cast<std::uint8_t>(bits >> shift));
    }
    for (std::size_t i = 0; i < kSize; ++i) {
        digest[i] = static_cast<std::uint8_t>(state_[i / 4] >> (24 - 8 * (i % 4)));
    }
}

void Sha256::take(std::uint8_t byte) {
    block_[used_++] = byte;
    if (used_ == kBlock) {
        digest_block();
        used_ = 0;
    }
}

void Sha256::digest_block() {
    std::uint32_t words[16];
    for (std::size_t i = 0; i < 16; ++i) {
        const std::uint8_t* four = block_ + 4 * i;
        words[i] = static_cast<std::uint32_t>(four[0]) << 24 | static_cast<std::uint32_t>(four[1]) << 16 |
                   static_cast<std::uint32_t>(four[2]) << 8 | four[3];
    }
    std::uint32_t v[8];
    for (std::size_t i = 0; i < 8; ++i) {
        v[i] = state_[i];
    }
    for (std::size_t i = 0; i < 64; ++i) {
        std::uint32_t& word = words[i % 16];
        if (i >= 16) {  // the schedule needs only the last sixteen words
            const std::uint32_t early = words[(i + 1) % 16];
            const std::uint32_t late = words[(i + 14) % 16];
            word += (turned(early, 7) ^ turned(early, 18) ^ (early >> 3)) + words[(i + 9) % 16] +
                    (turned(late, 17) ^ turned(late, 19) ^ (late >> 10));
        }
        const std::uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
        const std::uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        const std::uint32_t first =
            v[7] + (turned(v[4], 6) ^ turned(v[4], 11) ^ turned(v[4], 25)) + choice + kRound[i] + word;
        const std::uint32_t second = (turned(v[0], 2) ^ turned(v[0], 13) ^ turned(v[0], 22)) + majority;
        for (std::size_t k = 7; k > 0; --k) {
            v[k] = v[k - 1];
        }
        v[4] += first;
        v[0] = first + second;
    }
    for (std::size_t i = 0; i < 8; ++i) {
        state_[i] += v[i];
    }
}

}  // namespace hk
