#include "link/frame_reader.hpp"

#include "link/cobs.hpp"
#include "link/crc32.hpp"

namespace hk {
namespace {

constexpr std::uint8_t kEscape = 0x1B;  // terminals send it in front of cursor keys

bool is_printable(std::uint8_t byte) {
    return (byte >= 0x20 && byte < 0x7F) || byte == '\t' || byte == '\r' || byte == '\n' || byte == kEscape;
}

std::uint32_t little_endian(const std::uint8_t* b) {
    return b[0] | std::uint32_t{b[1]} << 8 | std::uint32_t{b[2]} << 16 | std::uint32_t{b[3]} << 24;
}

}  // namespace

FrameReader::Found FrameReader::push(std::uint8_t byte) {
    message_size_ = 0;
    if (byte == 0) {
        return end_of_chunk();
    }
    if (byte == '\n' && printable_) {
        // No request begins with printable bytes only, so this is the end of a text line, and
        // waiting for a zero byte would leave a terminal mute.
        const bool bare = blank_;
        size_ = 0;
        blank_ = true;
        return bare ? Found::bare_line : Found::nothing;
    }
    printable_ = printable_ && is_printable(byte);
    blank_ = blank_ && byte == '\r';
    if (size_ < kMaxChunk) {
        chunk_[size_] = byte;
    }
    ++size_;
    return Found::nothing;
}

FrameReader::Found FrameReader::end_of_chunk() {
    const Found found = printable_ ? Found::nothing : decode();
    size_ = 0;
    printable_ = true;
    blank_ = true;
    return found;
}

FrameReader::Found FrameReader::decode() {
    if (size_ > kMaxChunk) {
        return Found::too_long;
    }
    const std::size_t size = cobs_decode(chunk_, size_);
    if (size == kCobsBroken) {
        return Found::bad_cobs;
    }
    if (size > kMtu + kCrcBytes) {
        return Found::too_long;
    }
    if (size <= kCrcBytes) {
        return Found::bad_crc;
    }
    const std::size_t cbor = size - kCrcBytes;
    if (crc32(chunk_, cbor) != little_endian(chunk_ + cbor)) {
        return Found::bad_crc;
    }
    message_size_ = cbor;
    return Found::message;
}

}  // namespace hk
