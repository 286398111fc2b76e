#include "esp32c3/wire_tap.hpp"

#include <cstring>

#include "esp32c3/rmt_symbols.hpp"
#include "shared/ws2812_datasheet.hpp"

namespace hk::esp32c3 {
namespace {

using namespace ws2812;

std::uint32_t ns_of(std::uint32_t half) { return (half & 0x7FFFu) * 1000u / kRmtTicksPerUs; }

bool is_gap(std::uint32_t symbol) {
    return (symbol & 0x80008000u) == 0 && ns_of(symbol & 0xFFFFu) + ns_of(symbol >> 16) >= kReset;
}

bool is_bit(std::uint32_t symbol, std::uint32_t high, std::uint32_t low) {
    const bool levels = (symbol & 0x80008000u) == 0x8000u;
    return levels && near(ns_of(symbol & 0xFFFFu), high) && near(ns_of(symbol >> 16), low);
}

constexpr std::uint32_t kUnclear = 0x5AA53C;  // what an LED shows that could not make out a bit

}  // namespace

// There are two symbols in a frame, thousands of times: each is looked at once. Most often it is the 24
// of one LED that are taken.
void WireTap::take(const volatile std::uint32_t* symbols, std::uint32_t count) {
    std::uint32_t bits = 0;
    if (shifting_ == 1 && count == kBitsPerLed && known_bits(symbols, bits)) {
        take_led(bits);
        return;
    }
    std::uint32_t shifting = shifting_;
    for (const volatile std::uint32_t* end = symbols + count; symbols != end; ++symbols) {
        const std::uint32_t symbol = *symbols;
        if (symbol == known_[0]) {
            shifting <<= 1;
        } else if (symbol == known_[1]) {
            shifting = shifting << 1 | 1u;
        } else {
            shifting = look_at(symbol, shifting);
        }
        if (shifting >= 1u << 24) {
            take_led(shifting);
            shifting = 1;
        }
    }
    shifting_ = shifting;
}

// The bits of one LED, if there are none but symbols that were looked at.
bool WireTap::known_bits(const volatile std::uint32_t* symbols, std::uint32_t& bits) const {
    const std::uint32_t zero = known_[0];
    const std::uint32_t one = known_[1];
    std::uint32_t shifted = 0;
#pragma clang loop unroll_count(8)
    for (std::uint32_t i = 0; i < kBitsPerLed; ++i) {
        const std::uint32_t symbol = symbols[i];
        shifted <<= 1;
        if (symbol == zero) {
            continue;
        }
        if (symbol != one) {
            return false;
        }
        shifted |= 1u;
    }
    bits = shifted;
    return true;
}

// Returns what is being shifted in, with the bit of this symbol.
std::uint32_t WireTap::look_at(std::uint32_t symbol, std::uint32_t shifting) {
    if (is_gap(symbol)) {
        std::memcpy(shown_, taken_, full_ * 3);
        full_ = 0;
        unclear_ = false;
        return 1;
    }
    const bool one = is_bit(symbol, kOneHigh, kOneLow);
    if (one || is_bit(symbol, kZeroHigh, kZeroLow)) {
        known_[one ? 1 : 0] = symbol;
    } else {
        unclear_ = true;
    }
    return shifting << 1 | (one ? 1u : 0u);
}

void WireTap::take_led(std::uint32_t bits) {
    bits = unclear_ ? kUnclear : bits;
    unclear_ = false;
    if (full_ < kLeds) {
        put_rgb(taken_ + full_ * 3, bits);
        ++full_;
    }
}

}  // namespace hk::esp32c3
