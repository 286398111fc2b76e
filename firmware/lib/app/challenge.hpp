// What a board answers to a host's challenge.
#pragma once

#include <cstddef>
#include <cstdint>

#include "hal/bytes.hpp"
#include "hal/system.hpp"
#include "link/sha256.hpp"

namespace hk {

inline constexpr std::size_t kLeastQuestion = 16;  ///< bytes, from link.cddl
inline constexpr std::size_t kMostQuestion = 32;

/// Who answers: the running image says it of itself.
struct Answerer {
    const char* build;
    Mac mac;
    std::uint32_t nonce;
};

/// The digest of link.cddl over the question and all of `who`, so that no part of an answer can be
/// swapped for that of another.
void answer_challenge(Bytes question, const Answerer& who, std::uint8_t (&digest)[Sha256::kSize]);

}  // namespace hk
