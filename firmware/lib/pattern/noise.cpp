#include "pattern/noise.hpp"

#include "pattern/fixed.hpp"
#include "pattern/hash.hpp"

namespace hk {

std::uint16_t noise16(std::uint32_t seed, std::uint32_t x, std::uint64_t y) {
    const std::uint32_t xi = x >> 16;
    const std::uint32_t xn = (xi + 1) & 0xFFFFu;
    const std::uint16_t tx = smooth16(x & 0xFFFFu);
    const std::uint32_t yi = static_cast<std::uint32_t>(y >> 16);
    const std::uint32_t yn = yi + 1;
    const std::uint16_t ty = smooth16(static_cast<std::uint32_t>(y & 0xFFFFu));
    const std::uint16_t near = lerp16(hash32(seed, xi, yi) >> 16, hash32(seed, xn, yi) >> 16, tx);
    const std::uint16_t far = lerp16(hash32(seed, xi, yn) >> 16, hash32(seed, xn, yn) >> 16, tx);
    return lerp16(near, far, ty);
}

}  // namespace hk
