#include "link/outbox.hpp"

#include <cstring>

#include "link/cobs.hpp"
#include "link/crc32.hpp"

namespace hk {

bool Outbox::offer(Bytes message) {
    const bool taken = frame(message, kMaxWire);
    lost_ += taken ? 0 : 1;
    return taken;
}

bool Outbox::text(const char* terminated) {
    const std::size_t size = std::strlen(terminated);
    if (size > free()) {
        return false;
    }
    compact();
    std::memcpy(buffer_ + end_, terminated, size);
    end_ += size;
    return true;
}

void Outbox::sent(std::size_t size) {
    start_ += size;
    if (start_ == end_) {
        start_ = end_ = 0;
    }
}

bool Outbox::frame(Bytes message, std::size_t spare) {
    if (message.size > kMtu || free() < cobs_bound(message.size + kCrcBytes) + 2 + spare) {
        return false;
    }
    compact();
    const std::uint32_t crc = crc32(message.data, message.size);
    const std::uint8_t tail[kCrcBytes] = {
        static_cast<std::uint8_t>(crc), static_cast<std::uint8_t>(crc >> 8),
        static_cast<std::uint8_t>(crc >> 16), static_cast<std::uint8_t>(crc >> 24)};
    buffer_[end_++] = 0;
    CobsEncoder cobs(buffer_ + end_);
    cobs.put(message.data, message.size);
    cobs.put(tail, sizeof(tail));
    end_ += cobs.finish();
    buffer_[end_++] = 0;
    return true;
}

void Outbox::compact() {
    std::memmove(buffer_, buffer_ + start_, end_ - start_);
    end_ -= start_;
    start_ = 0;
}

}  // namespace hk
