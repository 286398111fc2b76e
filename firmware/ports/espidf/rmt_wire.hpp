// What came out of the pins: each strip's data line, wired back to a spare pin and received by the RMT.
#pragma once

#include <cstddef>
#include <cstdint>

#include "hal/bytes.hpp"
#include "strip/profile.hpp"

#ifdef HK_LOOPBACK_GPIOS
#include <atomic>

#include "driver/rmt_rx.h"
#include "host/ws2812_strip.hpp"
#include "strip/timing.hpp"
#endif

namespace hk::espidf {

#ifdef HK_LOOPBACK_GPIOS

/// HK_LOOPBACK_GPIOS names the spare pins, "6,7": the first is wired to the pin of the first strip, and so
/// on. Needs a chip that can receive more symbols than its RMT memory holds (ESP32-S3, not ESP32).
class RmtWire {
public:
    void begin(const Profile& profile);

    /// Gets ready for the next frame of the first `count` strips.
    void listen(std::size_t count);

    /// R, G, B of the LEDs as the line says; waits for the frame that is under way.
    Bytes latched(std::size_t strip);

private:
    static constexpr std::size_t kPins = sizeof((const int[]){HK_LOOPBACK_GPIOS}) / sizeof(int);
    static constexpr std::size_t kLeds = 160;
    static constexpr std::size_t kWords = waveform_words(kLeds) + 1;

    struct Line {
        rmt_channel_handle_t channel = nullptr;
        bool listening = false;
        std::atomic<bool> received{false};
        std::size_t count = 0;
        std::uint32_t words[kWords] = {};
        host::Ws2812Strip strip;
    };

    void begin_line(std::size_t line);
    static bool on_done(rmt_channel_handle_t channel, const rmt_rx_done_event_data_t* event, void* line);

    Line lines_[kPins];
    std::size_t used_ = 0;
};

#else

/// No pin is wired back: nothing can be seen.
class RmtWire {
public:
    void begin(const Profile&) {}
    void listen(std::size_t) {}
    Bytes latched(std::size_t) { return {}; }
};

#endif

}  // namespace hk::espidf
