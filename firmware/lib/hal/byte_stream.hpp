// Port: the byte stream that the link runs over (UART, USB, pipe).
#pragma once

#include <cstddef>
#include <cstdint>

namespace hk {

/// Never blocks except in wait(). Bytes are raw: no translation of line ends.
class ByteStream {
public:
    /// Takes up to `capacity` received bytes; 0 when there are none now.
    virtual std::size_t read(std::uint8_t* out, std::size_t capacity) = 0;

    /// Hands over up to `size` bytes; returns how many were taken, 0 when the peer does not read.
    virtual std::size_t write(const std::uint8_t* data, std::size_t size) = 0;

    /// False once the peer has gone for good (end of file); a UART never closes.
    virtual bool open() const = 0;

    /// Sleeps until there is something to read (unless `want_read` is false), room to write
    /// (if `want_write`), or `timeout_us` have passed. May return early.
    virtual void wait(bool want_read, bool want_write, std::uint32_t timeout_us) = 0;

protected:
    ~ByteStream() = default;
};

}  // namespace hk
