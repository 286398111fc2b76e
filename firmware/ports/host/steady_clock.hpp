// Time since the process started.
#pragma once

#include "hal/clock.hpp"

namespace hk::host {

class SteadyClock final : public Clock {
public:
    SteadyClock();
    std::uint64_t now_us() override;

private:
    std::uint64_t start_ns_;
};

}  // namespace hk::host
