#include "host/ws2812_strip.hpp"

#include <cstring>

#include "shared/ws2812_datasheet.hpp"

namespace hk::host {
using namespace ws2812;

void Ws2812Strip::receive(const Waveform& waveform) {
    std::uint32_t high_ns = 0;  // the last high and the low that follows it, so far
    std::uint32_t low_ns = 0;
    for (std::size_t i = 0; i < waveform.count; ++i) {
        const std::uint32_t halves[2] = {waveform.words[i] & 0xFFFFu, waveform.words[i] >> 16};
        for (const std::uint32_t half : halves) {
            const std::uint32_t ns = (half & 0x7FFFu) * waveform.tick_ns;
            if (ns == 0) {  // the end mark
                i = waveform.count;
                break;
            }
            if ((half & 0x8000u) == 0) {
                low_ns += ns;
                continue;
            }
            if (low_ns > 0) {
                pulse(high_ns, low_ns);
                high_ns = low_ns = 0;
            }
            high_ns += ns;
        }
    }
    pulse(high_ns, low_ns);
}

void Ws2812Strip::pulse(std::uint32_t high_ns, std::uint32_t low_ns) {
    const bool one = high_ns > (kZeroHigh + kOneHigh) / 2;
    const std::uint32_t own_low = high_ns == 0 ? 0 : one ? kOneLow : kZeroLow;
    const bool gap = low_ns >= own_low + kReset;  // the gap begins where the bit ends
    if (high_ns > 0) {
        const bool clear = near(high_ns, one ? kOneHigh : kZeroHigh) && (gap || near(low_ns, own_low));
        shift_in(one == clear);
    }
    if (gap) {
        latch();
    }
}

void Ws2812Strip::shift_in(bool bit) {
    shifting_ = shifting_ << 1 | (bit ? 1u : 0u);
    if (++bits_ < 24) {
        return;
    }
    if (full_leds_ < kLeds) {
        put_rgb(taken_ + full_leds_ * 3, shifting_);
        ++full_leds_;
    }
    bits_ = 0;
}

void Ws2812Strip::latch() {
    std::memcpy(shown_, taken_, std::size_t{full_leds_} * 3);
    full_leds_ = 0;
    bits_ = 0;
}

}  // namespace hk::host
