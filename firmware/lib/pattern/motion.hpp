// From time to where a pattern is in its cycle.
#pragma once

#include <cstdint>

namespace hk {

struct Cycle {
    std::uint32_t count = 0;  ///< whole periods since time 0, mod 2^32
    std::uint16_t phase = 0;  ///< within the period
};

/// `period_ms` 0 stands still.
constexpr Cycle cycle(std::uint64_t time_us, std::uint32_t period_ms) {
    if (period_ms == 0) {
        return {};
    }
    const std::uint64_t period = std::uint64_t{period_ms} * 1000u;
    return {static_cast<std::uint32_t>(time_us / period),
            static_cast<std::uint16_t>((time_us % period) * 65536u / period)};
}

/// Way made at `speed` LEDs a second (0..1000), in 1/256 LED.
constexpr std::uint64_t travel(std::uint64_t time_us, std::uint32_t speed) {
    const std::uint64_t step = std::uint64_t{speed} * 256u;
    return time_us / 1000000u * step + time_us % 1000000u * step / 1000000u;
}

}  // namespace hk
