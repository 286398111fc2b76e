// UART0 as the byte stream of the link: GPIO 20 and 21, where the ROM has it as well.
#pragma once

#include "esp32c3/system_clock.hpp"
#include "hal/byte_stream.hpp"

namespace hk::esp32c3 {

class UartStream final : public ByteStream {
public:
    explicit UartStream(SystemClock& clock) : clock_(clock) {}

    void begin();

    std::size_t read(std::uint8_t* out, std::size_t capacity) override;
    std::size_t write(const std::uint8_t* data, std::size_t size) override;
    bool open() const override { return true; }
    void wait(bool want_read, bool want_write, std::uint32_t timeout_us) override;

    /// Sends text and waits for it; for the panic handler, which has nothing else left.
    static void say(const char* text);

    /// Returns when everything has left the chip.
    static void drain();

private:
    static std::uint32_t waiting();
    static std::uint32_t room();

    SystemClock& clock_;
};

}  // namespace hk::esp32c3
