#include "pattern/sine.hpp"

namespace hk {
namespace {

// round(32767 * sin(i / 64 * 90 degrees)); the last is there twice so that i + 1 is always in range.
constexpr std::int32_t kQuarter[66] = {
    0, 804, 1608, 2410, 3212, 4011, 4808, 5602, 6393, 7179, 7962, 8739, 9512,
    10278, 11039, 11793, 12539, 13279, 14010, 14732, 15446, 16151, 16846, 17530, 18204, 18868,
    19519, 20159, 20787, 21403, 22005, 22594, 23170, 23731, 24279, 24811, 25329, 25832, 26319,
    26790, 27245, 27683, 28105, 28510, 28898, 29268, 29621, 29956, 30273, 30571, 30852, 31113,
    31356, 31580, 31785, 31971, 32137, 32285, 32412, 32521, 32609, 32678, 32728, 32757, 32767,
    32767,
};

}  // namespace

std::int32_t sin16(std::uint16_t phase) {
    const std::uint32_t quarter = phase >> 14;
    std::uint32_t x = phase & 0x3FFFu;
    if ((quarter & 1u) != 0) {
        x = 16384u - x;
    }
    const std::uint32_t i = x >> 8;
    const std::int32_t f = static_cast<std::int32_t>(x & 0xFFu);
    const std::int32_t v = kQuarter[i] + (((kQuarter[i + 1] - kQuarter[i]) * f + 128) >> 8);
    return quarter >= 2 ? -v : v;
}

std::uint16_t swell16(std::uint16_t phase) {
    return static_cast<std::uint16_t>(32767 + sin16(static_cast<std::uint16_t>(phase + 49152u)));
}

}  // namespace hk
