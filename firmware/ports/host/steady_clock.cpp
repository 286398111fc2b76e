#include "host/steady_clock.hpp"

#include <time.h>

namespace hk::host {
namespace {

std::uint64_t monotonic_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1000000000u + static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace

SteadyClock::SteadyClock() : start_ns_(monotonic_ns()) {}

std::uint64_t SteadyClock::now_us() { return (monotonic_ns() - start_ns_) / 1000u; }

}  // namespace hk::host
