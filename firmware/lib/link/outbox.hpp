// What waits to be sent: bounded, and honest about what did not fit.
#pragma once

#include <cstddef>
#include <cstdint>

#include "hal/bytes.hpp"
#include "link/limits.hpp"

namespace hk {

/// Replies are never dropped: the server takes no request before there is room for the longest
/// reply. Events and logs may only use what is left beyond that room, and are counted when lost.
class Outbox {
public:
    /// True if any message that the protocol allows fits.
    bool has_room() const { return free() >= kMaxWire; }

    /// Frames a message. The caller has asked has_room(); without room nothing is sent and it is false.
    bool reply(Bytes message) { return frame(message, 0); }

    /// Frames an event or a log if there is room beyond that of a reply; else it counts as lost.
    bool offer(Bytes message);

    /// Plain text between two frames.
    bool text(const char* terminated);

    /// What to send next; sent() says how much of it went.
    Bytes pending() const { return {buffer_ + start_, end_ - start_}; }
    void sent(std::size_t size);

    /// Events and logs that did not fit, since boot.
    std::uint32_t lost() const { return lost_; }

private:
    std::size_t free() const { return sizeof(buffer_) - (end_ - start_); }
    bool frame(Bytes message, std::size_t spare);
    void compact();

    std::uint8_t buffer_[3 * kMaxWire];
    std::size_t start_ = 0;
    std::size_t end_ = 0;
    std::uint32_t lost_ = 0;
};

}  // namespace hk
