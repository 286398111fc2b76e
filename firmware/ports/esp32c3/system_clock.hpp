// Time since boot, from the system timer.
#pragma once

#include "esp32c3/registers.hpp"
#include "hal/clock.hpp"

namespace hk::esp32c3 {

class SystemClock final : public Clock {
public:
    /// Time begins here.
    void begin() { start_ = ticks(); }

    std::uint64_t now_us() override { return (ticks() - start_) / kTicksPerUs; }

    /// Makes the wake line rise after `us` from now, until disarm().
    void arm(std::uint32_t us);
    void disarm();

    /// The timer itself: 16 a microsecond.
    static std::uint64_t ticks();

private:
    static constexpr std::uint64_t kTicksPerUs = 16;

    std::uint64_t start_ = 0;
};

}  // namespace hk::esp32c3
