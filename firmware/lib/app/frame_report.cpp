#include "app/frame_report.hpp"

#include "link/message.hpp"

namespace hk {

void write_frame_event(CborWriter& writer, std::uint32_t nonce, const FrameReport& frame) {
    writer.array(3);
    writer.uint(static_cast<std::uint64_t>(MessageType::event));
    writer.uint(nonce);
    writer.array(7);
    writer.uint(frame.seq);
    writer.uint(frame.time_us);
    writer.uint(frame.render_us);
    writer.uint(frame.transmit_us);
    writer.uint(frame.crc);
    writer.uint(frame.ma);
    writer.uint(frame.dropped);
}

}  // namespace hk
