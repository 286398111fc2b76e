#include "espidf/timer_clock.hpp"

#include "esp_timer.h"

namespace hk::espidf {

// ESP-IDF API reference, "ESP Timer (High Resolution Timer)": microseconds since esp_timer began.
std::uint64_t TimerClock::now_us() { return static_cast<std::uint64_t>(esp_timer_get_time()); }

}  // namespace hk::espidf
