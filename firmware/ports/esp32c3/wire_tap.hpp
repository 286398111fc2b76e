// What LEDs make of the symbols in an RMT block.
#pragma once

#include <cstdint>

#include "hal/bytes.hpp"

namespace hk::esp32c3 {

/// Takes symbols as they lie in the block, and decodes them as WS2812B LEDs do; the numbers
/// come from the LED's datasheet, not from the firmware's tables.
///
/// - A bit is a high of 400 or 800 ns and a low of 850 or 450 ns, each +-150 ns. An LED that got another
///   one shows a colour that nobody asked for, whatever its other bits: a marginal timing cannot look
///   right.
/// - Each LED takes 24 bits: green, red, blue, most significant bit first.
/// - A low of at least 280 us makes the LEDs show what they took.
class WireTap {
public:
    /// Reads symbols out of a block.
    void take(const volatile std::uint32_t* symbols, std::uint32_t count);

    /// R, G, B of every LED that the strip could have.
    Bytes latched() const { return {shown_, sizeof(shown_)}; }

private:
    static constexpr std::uint32_t kLeds = 320;

    bool known_bits(const volatile std::uint32_t* symbols, std::uint32_t& bits) const;
    std::uint32_t look_at(std::uint32_t symbol, std::uint32_t shifting);
    void take_led(std::uint32_t bits);

    std::uint32_t known_[2] = {~0u, ~0u};  ///< symbols that were looked at: of a 0 and of a 1
    std::uint32_t shifting_ = 1;       ///< 24 bits and a leading 1 that tells when they are there
    bool unclear_ = false;             ///< one of them was no bit
    std::uint32_t full_ = 0;           ///< LEDs that took their bits since the last gap
    std::uint8_t taken_[kLeds * 3] = {};
    std::uint8_t shown_[kLeds * 3] = {};
};

}  // namespace hk::esp32c3
