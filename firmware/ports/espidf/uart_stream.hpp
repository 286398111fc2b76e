// UART0 as the byte stream of the link.
#pragma once

#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "hal/byte_stream.hpp"

namespace hk::espidf {

/// A UART sends whether somebody listens or not: it never holds the firmware up.
class UartStream final : public ByteStream {
public:
    void begin();

    std::size_t read(std::uint8_t* out, std::size_t capacity) override;
    std::size_t write(const std::uint8_t* data, std::size_t size) override;
    bool open() const override { return true; }
    void wait(bool want_read, bool want_write, std::uint32_t timeout_us) override;

private:
    QueueHandle_t events_ = nullptr;
};

}  // namespace hk::espidf
