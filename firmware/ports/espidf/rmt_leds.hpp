// LED output through the RMT: one channel a strip, all at the same time.
#pragma once

#include <atomic>

#include "driver/rmt_tx.h"
#include "espidf/rmt_wire.hpp"
#include "espidf/strip_encoder.hpp"
#include "hal/clock.hpp"
#include "hal/led_output.hpp"
#include "strip/profile.hpp"

namespace hk::espidf {

/// Where the chip has a channel with DMA (ESP32-S3: the last one) the first strip gets it; the others
/// are refilled by interrupt.
class RmtLeds final : public LedOutput {
public:
    /// Both must outlive it.
    RmtLeds(Clock& clock, const Profile& profile) : clock_(clock), profile_(profile) {}

    void begin();

    void show(const Waveform* strips, std::size_t count) override;
    void release() override;
    std::uint32_t busy_us() override;
    Bytes latched(std::size_t strip) override { return wire_.latched(strip); }

private:
    void begin_strip(std::size_t strip);
    static bool on_done(rmt_channel_handle_t channel, const rmt_tx_done_event_data_t* event, void* self);

    Clock& clock_;
    const Profile& profile_;
    RmtWire wire_;
    rmt_channel_handle_t channels_[kMaxStrips] = {};
    StripEncoder encoders_[kMaxStrips];
    std::atomic<std::uint32_t> under_way_{0};  ///< transmissions that the driver has not ended yet
    std::uint64_t free_at_us_ = 0;
};

}  // namespace hk::espidf
