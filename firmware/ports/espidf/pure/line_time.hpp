// How long a line is still busy.
#pragma once

#include <cstddef>
#include <cstdint>

#include "hal/led_output.hpp"

namespace hk::espidf {

/// Time on the wire of a waveform, rounded up to microseconds.
constexpr std::uint64_t duration_us(const Waveform& waveform) {
    std::uint64_t ticks = 0;
    for (std::size_t i = 0; i < waveform.count; ++i) {
        ticks += (waveform.words[i] & 0x7FFFu) + (waveform.words[i] >> 16 & 0x7FFFu);
    }
    return (ticks * waveform.tick_ns + 999u) / 1000u;
}

/// When to ask again after the time was up and the driver has not said that it is through.
inline constexpr std::uint32_t kAskAgainUs = 50;

/// What LedOutput::busy_us() says of a line that the driver still works on.
constexpr std::uint32_t busy_for(std::uint64_t now_us, std::uint64_t free_at_us) {
    return free_at_us > now_us ? static_cast<std::uint32_t>(free_at_us - now_us) : kAskAgainUs;
}

/// Whole ticks of the scheduler in a time, rounded down: waiting may end early, never late.
constexpr std::uint32_t ticks_in(std::uint32_t timeout_us, std::uint32_t tick_hz) {
    return static_cast<std::uint32_t>(std::uint64_t{timeout_us} * tick_hz / 1000000u);
}

}  // namespace hk::espidf
