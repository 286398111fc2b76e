// Port: time since boot.
#pragma once

#include <cstdint>

namespace hk {

class Clock {
public:
    /// Microseconds since boot; never goes back.
    virtual std::uint64_t now_us() = 0;

protected:
    ~Clock() = default;
};

}  // namespace hk
