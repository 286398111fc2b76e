// LED output of the host: strips that take as long as real ones.
#pragma once

#include "hal/clock.hpp"
#include "hal/led_output.hpp"
#include "host/ws2812_strip.hpp"
#include "strip/profile.hpp"

namespace hk::host {

/// Every waveform is decoded at once, so the words are free again when show() returns; but the
/// lines stay busy for as long as the waveform lasts, all strips at the same time. So live mode
/// keeps to the rate that real strips can take. In test mode time is frozen: the app does not ask
/// whether the lines are free, and thousands of steps a second are possible.
class LedStrips final : public LedOutput {
public:
    explicit LedStrips(Clock& clock) : clock_(clock) {}

    void show(const Waveform* strips, std::size_t count) override;
    void release() override {}
    std::uint32_t busy_us() override;
    Bytes latched(std::size_t strip) override;

private:
    Clock& clock_;
    Ws2812Strip strips_[kMaxStrips];
    std::uint64_t free_at_us_ = 0;
};

}  // namespace hk::host
