#include "strip/encoder.hpp"

#include "strip/timing.hpp"

namespace hk {
namespace {

/// The words of four bits, most significant first.
struct Nibble {
    std::uint32_t word[4];
};

struct Nibbles {
    Nibble of[16];
};

constexpr Nibbles make_nibbles() {
    Nibbles nibbles{};
    for (std::uint32_t value = 0; value < 16; ++value) {
        for (std::uint32_t bit = 0; bit < 4; ++bit) {
            nibbles.of[value].word[bit] = (value & (8u >> bit)) != 0 ? kOneWord : kZeroWord;
        }
    }
    return nibbles;
}

constexpr Nibbles kNibbles = make_nibbles();

std::uint32_t* put(std::uint32_t* words, const Nibble& nibble) {
    words[0] = nibble.word[0];
    words[1] = nibble.word[1];
    words[2] = nibble.word[2];
    words[3] = nibble.word[3];
    return words + 4;
}

}  // namespace

void encode_strip(const std::uint8_t* rgb, std::uint32_t leds, const ColourOrder& order,
                  std::uint32_t* words) {
    for (std::uint32_t led = 0; led < leds; ++led, rgb += 3) {
        for (const std::uint8_t channel : order.channel) {
            const std::uint32_t value = rgb[channel];
            words = put(words, kNibbles.of[value >> 4]);
            words = put(words, kNibbles.of[value & 0xFu]);
        }
    }
    *words = kResetWord;
}

}  // namespace hk
