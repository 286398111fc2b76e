#include "app/live.hpp"

#include "strip/timing.hpp"

namespace hk {

std::uint32_t Live::start(std::uint32_t fps) {
    const std::uint32_t highest = 1000000u / frame_us(renderer_.profile().longest());
    const bool fastest = fps == 0 || fps >= highest;
    asked_ = fps;
    active_ = true;
    sending_ = false;
    period_us_ = fastest ? 0 : 1000000u / fps;
    due_us_ = clock_.now_us();
    dropped_ = 0;
    next_seq_ = 0;
    return fastest ? highest : fps;
}

bool Live::tick(FrameReport& report) {
    if (!active_ || leds_.busy_us() > 0) {
        return false;
    }
    const std::uint64_t now = clock_.now_us();
    const bool through = sending_;
    if (through) {
        current_.transmit_us = static_cast<std::uint32_t>(now - sent_us_);
        report = current_;
        sending_ = false;
    }
    if (now >= due_us_) {
        begin_frame(now);
    }
    return through;
}

std::uint32_t Live::idle_us(std::uint32_t most) {
    if (!active_) {
        return most;
    }
    std::uint64_t idle = leds_.busy_us();
    const std::uint64_t now = clock_.now_us();
    if (idle == 0 && due_us_ > now) {
        idle = due_us_ - now;
    }
    return idle < most ? static_cast<std::uint32_t>(idle) : most;
}

// A frame that comes late by less than a period is sent late; whole periods that went by are
// frames that were never sent.
void Live::begin_frame(std::uint64_t now) {
    if (period_us_ > 0) {
        const std::uint64_t missed = (now - due_us_) / period_us_;
        dropped_ += static_cast<std::uint32_t>(missed);
        due_us_ += (missed + 1) * period_us_;
    }
    draw(now);
}

void Live::draw(std::uint64_t now) {
    renderer_.render(now);
    renderer_.encode();
    // Read before the strips start: held up in between, a transmission looks longer, never shorter.
    sent_us_ = clock_.now_us();
    renderer_.send();
    sending_ = true;
    current_.seq = next_seq_++;
    current_.time_us = now;
    current_.render_us = static_cast<std::uint32_t>(sent_us_ - now);
    current_.transmit_us = 0;
    current_.crc = renderer_.crc(Tap::frame);
    current_.ma = renderer_.ma();
    current_.dropped = dropped_;
}

}  // namespace hk
