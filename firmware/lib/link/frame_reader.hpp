// Finds frames and text lines in a stream of bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "hal/bytes.hpp"
#include "link/limits.hpp"

namespace hk {

/// Sans-IO: one byte in, at most one finding out. Text is what is printable between two frames.
/// Made for requests, whose first two bytes (84 00) make their chunks begin with 02: a chunk that
/// begins with a newline is a text line here, though it could be the frame of another message.
class FrameReader {
public:
    enum class Found : std::uint8_t {
        nothing,
        message,    ///< message() holds CBOR whose CRC was right
        bare_line,  ///< a newline with nothing before it: somebody with a plain terminal
        bad_crc,
        bad_cobs,
        too_long,
    };

    Found push(std::uint8_t byte);

    /// The CBOR of the last message, until the next push().
    Bytes message() const { return {chunk_, message_size_}; }

private:
    Found end_of_chunk();
    Found decode();

    std::uint8_t chunk_[kMaxChunk];
    std::size_t size_ = 0;          ///< bytes of the chunk so far, also those that did not fit
    std::size_t message_size_ = 0;
    bool printable_ = true;         ///< all bytes of the chunk so far could be text
    bool blank_ = true;             ///< ... and none of them was more than a carriage return
};

}  // namespace hk
