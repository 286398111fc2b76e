#include "strip/encoder.hpp"

#include "strip/timing.hpp"

namespace hk {

void encode_strip(const std::uint8_t* rgb, std::uint32_t leds, const ColourOrder& order,
                  std::uint32_t* words) {
    for (std::uint32_t led = 0; led < leds; ++led, rgb += 3) {
        for (const std::uint8_t channel : order.channel) {
            const std::uint32_t value = rgb[channel];
            for (std::uint32_t mask = 0x80; mask != 0; mask >>= 1) {
                *words++ = (value & mask) != 0 ? kOneWord : kZeroWord;
            }
        }
    }
    *words = kResetWord;
}

}  // namespace hk
