// Value noise in two dimensions.
#pragma once

#include <cstdint>

namespace hk {

/// One line of noise, at one y; x and y have 16 fractional bits, x repeats after 65536. Smooth between
/// random lattice points. Neighbouring x lie between the same two columns of them, so it keeps those.
class NoiseLine {
public:
    NoiseLine(std::uint32_t seed, std::uint64_t y);

    std::uint16_t at(std::uint32_t x);

private:
    struct Column {
        std::uint32_t near;  ///< at the row below y
        std::uint32_t far;   ///< at the row above
    };

    Column column(std::uint32_t xi) const;

    std::uint32_t base_;
    std::uint32_t row_;
    std::uint16_t weight_;  ///< of the row above
    std::uint32_t xi_ = 0;
    Column left_;
    Column right_;
};

/// One value alone.
inline std::uint16_t noise16(std::uint32_t seed, std::uint32_t x, std::uint64_t y) {
    return NoiseLine(seed, y).at(x);
}

}  // namespace hk
