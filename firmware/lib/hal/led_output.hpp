// Port: the pins that the LED strips hang on.
#pragma once

#include <cstddef>
#include <cstdint>

#include "hal/bytes.hpp"

namespace hk {

/// What one pin does for one frame: 32-bit words of the RMT kind (see strip/timing.hpp),
/// durations in ticks of `tick_ns`.
struct Waveform {
    const std::uint32_t* words = nullptr;
    std::size_t count = 0;
    std::uint32_t tick_ns = 0;
};

class LedOutput {
public:
    /// Starts sending on all strips at once. The words must stay as they are until release().
    virtual void show(const Waveform* strips, std::size_t count) = 0;

    /// Returns once nobody reads the words of the last show() any more.
    virtual void release() = 0;

    /// Microseconds until the lines are free again, reset gap included; 0 when they are free.
    /// A port that cannot know answers a time to ask again.
    virtual std::uint32_t busy_us() = 0;

    /// R, G, B of the LEDs of a strip as they latched them; empty where the port cannot see that.
    virtual Bytes latched(std::size_t strip) = 0;

protected:
    ~LedOutput() = default;
};

}  // namespace hk
