#include "color/power.hpp"

namespace hk {

std::uint32_t power_factor(std::uint64_t drive_sum, std::uint32_t leds, std::uint32_t limit_ma) {
    const std::uint64_t idle_ua = std::uint64_t{kIdleUaPerLed} * leds;
    const std::uint64_t active_ua = drive_sum * kChannelUa / 65535u;
    const std::uint64_t limit_ua = std::uint64_t{limit_ma} * 1000u;
    if (limit_ma == 0 || idle_ua + active_ua <= limit_ua) {
        return 65536;
    }
    if (active_ua == 0) {
        return 0;
    }
    const std::uint64_t left_ua = limit_ua > idle_ua ? limit_ua - idle_ua : 0;
    return static_cast<std::uint32_t>(left_ua * 65536u / active_ua);
}

std::uint32_t estimate_ma(std::uint64_t frame_sum, std::uint32_t leds) {
    const std::uint64_t ua = std::uint64_t{kIdleUaPerLed} * leds + frame_sum * kChannelUa / 255u;
    return static_cast<std::uint32_t>((ua + 999u) / 1000u);
}

}  // namespace hk
