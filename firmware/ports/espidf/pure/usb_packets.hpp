// USB moves bytes in packets of 64, and two things follow from it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hk::espidf {

inline constexpr std::size_t kUsbPacket = 64;

/// A transfer whose last packet is full has no visible end, and a host may hold it back until more
/// comes. A 0x00 between two frames means nothing on the link (link.cddl), so one is sent when the
/// firmware falls silent after a full packet or more.
class QuietMark {
public:
    /// `size` bytes were handed over.
    void wrote(std::size_t size) { since_ += size; }

    /// True if the mark is due now that there is nothing more to say.
    bool due() const { return since_ >= kUsbPacket; }

    /// The mark was sent, or what was said was short enough.
    void done() { since_ = 0; }

private:
    std::size_t since_ = 0;
};

/// Bytes that came while waiting for them, until somebody reads.
class ReadAhead {
public:
    /// Where new bytes go; nothing may be left from before.
    std::uint8_t* room() { return bytes_; }
    static constexpr std::size_t capacity() { return kUsbPacket; }

    /// `size` bytes were put there.
    void filled(std::size_t size) {
        at_ = 0;
        end_ = size < kUsbPacket ? size : kUsbPacket;
    }

    bool empty() const { return at_ == end_; }

    /// Moves up to `capacity` bytes to `out`; returns how many there were.
    std::size_t take(std::uint8_t* out, std::size_t capacity) {
        std::size_t taken = 0;
        while (taken < capacity && at_ < end_) {
            out[taken++] = bytes_[at_++];
        }
        return taken;
    }

private:
    std::uint8_t bytes_[kUsbPacket] = {};
    std::size_t at_ = 0;
    std::size_t end_ = 0;
};

}  // namespace hk::espidf
