// Standard input and output as the byte stream of the link.
#pragma once

#include "hal/byte_stream.hpp"

namespace hk::host {

class StdioStream final : public ByteStream {
public:
    /// Makes both ends non-blocking until the process exits, and takes a vanished reader for the
    /// end of the stream instead of a signal.
    void begin();

    std::size_t read(std::uint8_t* out, std::size_t capacity) override;
    std::size_t write(const std::uint8_t* data, std::size_t size) override;
    bool open() const override { return open_; }
    void wait(bool want_read, bool want_write, std::uint32_t timeout_us) override;

private:
    bool open_ = true;
};

}  // namespace hk::host
