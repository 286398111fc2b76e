#include "esp32c3/system_clock.hpp"

namespace hk::esp32c3 {

std::uint64_t SystemClock::ticks() {
    reg(kSysTimerUnit0Op) = kSysTimerUpdate;
    while ((reg(kSysTimerUnit0Op) & kSysTimerValid) == 0) {
    }
    const std::uint64_t high = reg(kSysTimerUnit0Hi);
    return high << 32 | reg(kSysTimerUnit0Lo);
}

void SystemClock::arm(std::uint32_t us) {
    const std::uint64_t target = ticks() + us * kTicksPerUs;
    reg(kSysTimerTarget0Conf) = 0;  // unit 0, once
    reg(kSysTimerTarget0Hi) = static_cast<std::uint32_t>(target >> 32);
    reg(kSysTimerTarget0Lo) = static_cast<std::uint32_t>(target);
    reg(kSysTimerComp0Load) = 1;
    reg(kSysTimerIntEna) = 1;
    reg(kSysTimerConf) = reg(kSysTimerConf) | kSysTimerTarget0WorkEn;
}

void SystemClock::disarm() {
    reg(kSysTimerConf) = reg(kSysTimerConf) & ~kSysTimerTarget0WorkEn;
    reg(kSysTimerIntEna) = 0;
    reg(kSysTimerIntClr) = 1;
}

}  // namespace hk::esp32c3
