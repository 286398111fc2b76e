// A WS2812B strip, seen from its data pin.
#pragma once

#include <cstdint>

#include "hal/led_output.hpp"

namespace hk::host {

/// Decodes levels and durations as the LEDs do, and knows nothing of how they were made: the
/// numbers here come from the datasheet of the LED, not from the firmware's tables.
///
/// - A bit is a high of 400 or 800 ns and a low of 850 or 450 ns, each ± 150 ns. One that is
///   outside is read the wrong way round, so that a marginal timing cannot look right.
/// - Each LED takes the first 24 bits that reach it: green, red, blue, most significant bit first.
/// - A low of at least 280 µs after the last bit makes the LEDs show what they took. Without it they go on showing
///   the old colours, and the next bits pass them by. Time between two waveforms does not count
///   as low, since the next one may follow at once.
class Ws2812Strip {
public:
    void receive(const Waveform& waveform);

    /// R, G, B of every LED that the strip could have.
    Bytes latched() const { return {shown_, sizeof(shown_)}; }

private:
    static constexpr std::uint32_t kLeds = 1024;

    void pulse(std::uint32_t high_ns, std::uint32_t low_ns);
    void shift_in(bool bit);
    void latch();

    std::uint8_t shown_[kLeds * 3] = {};
    std::uint8_t taken_[kLeds * 3] = {};
    std::uint32_t full_leds_ = 0;  ///< LEDs that took their 24 bits since the last latch
    std::uint32_t bits_ = 0;       ///< bits that the next one has so far
    std::uint32_t shifting_ = 0;
};

}  // namespace hk::host
