// Live mode: frames on their own, one event for each.
#pragma once

#include <cstdint>

#include "app/frame_report.hpp"
#include "app/renderer.hpp"
#include "hal/clock.hpp"
#include "hal/led_output.hpp"

namespace hk {

class Live {
public:
    Live(Renderer& renderer, Clock& clock, LedOutput& leds)
        : renderer_(renderer), clock_(clock), leds_(leds) {}

    /// Begins anew at frame 0. Returns the rate as applied: 0 and all that the strips cannot take
    /// become the highest rate, at which each frame starts as soon as the last is through.
    std::uint32_t start(std::uint32_t fps);

    void stop() { active_ = false; }

    bool active() const { return active_; }

    /// The rate as asked of start(), to be kept.
    std::uint32_t fps() const { return asked_; }

    /// Does what is due; true if a frame is through and `report` tells of it.
    bool tick(FrameReport& report);

    /// How long there is nothing to do, µs, at most `most`.
    std::uint32_t idle_us(std::uint32_t most);

    /// Frames that were due and not sent, since start().
    std::uint32_t dropped() const { return dropped_; }

private:
    void begin_frame(std::uint64_t now);
    void draw(std::uint64_t now);

    Renderer& renderer_;
    Clock& clock_;
    LedOutput& leds_;
    bool active_ = false;
    bool sending_ = false;
    std::uint32_t asked_ = 0;
    std::uint64_t period_us_ = 0;  ///< 0: as fast as the strips can
    std::uint64_t due_us_ = 0;
    std::uint64_t sent_us_ = 0;
    std::uint32_t dropped_ = 0;
    std::uint32_t next_seq_ = 0;
    FrameReport current_;
};

}  // namespace hk
