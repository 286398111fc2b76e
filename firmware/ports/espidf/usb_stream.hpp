// The chip's own USB port (USB Serial/JTAG) as the byte stream of the link.
#pragma once

#include "espidf/pure/usb_packets.hpp"
#include "hal/byte_stream.hpp"

namespace hk::espidf {

/// Nobody may be there to read: then write() takes nothing, and nothing ever waits for it.
class UsbStream final : public ByteStream {
public:
    void begin();

    std::size_t read(std::uint8_t* out, std::size_t capacity) override;
    std::size_t write(const std::uint8_t* data, std::size_t size) override;
    bool open() const override { return true; }
    void wait(bool want_read, bool want_write, std::uint32_t timeout_us) override;

private:
    QuietMark quiet_;
    ReadAhead ahead_;
};

}  // namespace hk::espidf
