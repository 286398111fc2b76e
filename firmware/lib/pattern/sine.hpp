// Sine by table.
#pragma once

#include <cstdint>

namespace hk {

/// -32767..32767 for a phase of one turn.
std::int32_t sin16(std::uint16_t phase);

/// A raised cosine: 0 at phase 0, 65534 at half a turn.
std::uint16_t swell16(std::uint16_t phase);

}  // namespace hk
