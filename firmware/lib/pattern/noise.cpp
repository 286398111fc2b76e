#include "pattern/noise.hpp"

#include "pattern/fixed.hpp"
#include "pattern/hash.hpp"

namespace hk {

NoiseLine::NoiseLine(std::uint32_t seed, std::uint64_t y)
    : base_(hash_base(seed)),
      row_(static_cast<std::uint32_t>(y >> 16)),
      weight_(smooth16(static_cast<std::uint32_t>(y & 0xFFFFu))),
      left_(column(0)),
      right_(column(1)) {}

std::uint16_t NoiseLine::at(std::uint32_t x) {
    const std::uint32_t xi = x >> 16;
    if (xi != xi_) {
        xi_ = xi;
        left_ = column(xi);
        right_ = column((xi + 1) & 0xFFFFu);
    }
    const std::uint16_t tx = smooth16(x & 0xFFFFu);
    return lerp16(lerp16(left_.near, right_.near, tx), lerp16(left_.far, right_.far, tx), weight_);
}

NoiseLine::Column NoiseLine::column(std::uint32_t xi) const {
    const std::uint32_t mixed = mix32(base_ + xi);
    return {mix32(mixed + row_) >> 16, mix32(mixed + row_ + 1u) >> 16};
}

}  // namespace hk
