// Value noise in two dimensions.
#pragma once

#include <cstdint>

namespace hk {

/// Smooth between random lattice points; x and y have 16 fractional bits, x repeats after 65536.
std::uint16_t noise16(std::uint32_t seed, std::uint32_t x, std::uint64_t y);

}  // namespace hk
