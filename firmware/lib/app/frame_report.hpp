// What the link tells of a frame of live mode.
#pragma once

#include <cstdint>

#include "link/cbor_writer.hpp"

namespace hk {

/// The fields of frame-event in link.cddl.
struct FrameReport {
    std::uint32_t seq = 0;
    std::uint64_t time_us = 0;
    std::uint32_t render_us = 0;
    std::uint32_t transmit_us = 0;
    std::uint32_t crc = 0;
    std::uint32_t ma = 0;
    std::uint32_t dropped = 0;
};

/// Bytes that write_frame_event() needs at most.
inline constexpr std::size_t kFrameEventSize = 64;

void write_frame_event(CborWriter& writer, std::uint32_t nonce, const FrameReport& frame);

}  // namespace hk
