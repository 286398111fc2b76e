#include "pattern/colour.hpp"

namespace hk {
namespace {

constexpr std::uint32_t kStops[kPalettes][5] = {
    {0x100000, 0x8C1400, 0xFF4800, 0xFFA810, 0xFFF0B0},
    {0x000418, 0x002C70, 0x0078C8, 0x20D0D8, 0xD0FFF0},
    {0x0C0018, 0x5000A0, 0xC01890, 0xFF5070, 0xFFD0A0},
    {0x001006, 0x00481C, 0x20A030, 0xA0D840, 0xF8F8B0},
};

}  // namespace

Colour hsv16(std::uint16_t hue, std::uint16_t saturation, std::uint16_t value) {
    const std::uint32_t z = hue * 6u;
    const std::uint32_t f = z & 0xFFFFu;
    const std::uint16_t a = scale16(value, 65535u - saturation);
    const std::uint16_t d = scale16(value, 65535u - scale16(saturation, f));
    const std::uint16_t u = scale16(value, 65535u - scale16(saturation, 65535u - f));
    switch (z >> 16) {
        case 0: return {value, u, a};
        case 1: return {d, value, a};
        case 2: return {a, value, u};
        case 3: return {a, d, value};
        case 4: return {u, a, value};
        default: return {value, a, d};
    }
}

Colour ramp16(std::uint32_t palette, std::uint16_t x) {
    const std::uint32_t* stop = kStops[palette] + (x >> 14);
    return lerp16(widen_rgb(stop[0]), widen_rgb(stop[1]), (x & 0x3FFFu) * 4u);
}

}  // namespace hk
