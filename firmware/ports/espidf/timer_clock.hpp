// Time since boot, from esp_timer.
#pragma once

#include "hal/clock.hpp"

namespace hk::espidf {

class TimerClock final : public Clock {
public:
    std::uint64_t now_us() override;
};

}  // namespace hk::espidf
