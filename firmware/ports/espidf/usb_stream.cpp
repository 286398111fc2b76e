#include "espidf/usb_stream.hpp"

#include "driver/usb_serial_jtag.h"
#include "esp_err.h"
#include "espidf/chip.hpp"
#include "espidf/pure/line_time.hpp"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

namespace hk::espidf {
namespace {

constexpr std::uint32_t kBuffer = 4096;  // the longest frame is 2063 bytes, and none may be cut
constexpr std::uint8_t kNothing = 0;     // between frames it means nothing

}  // namespace

// API guide, "USB Serial/JTAG Controller Console", and driver/usb_serial_jtag.h, of this and all calls here.
void UsbStream::begin() {
    usb_serial_jtag_driver_config_t config = {};
    config.tx_buffer_size = kBuffer;
    config.rx_buffer_size = kBuffer;
    ESP_ERROR_CHECK(usb_serial_jtag_driver_install(&config));
}

std::size_t UsbStream::read(std::uint8_t* out, std::size_t capacity) {
    if (!ahead_.empty()) {
        return ahead_.take(out, capacity);
    }
    const int got = usb_serial_jtag_read_bytes(out, static_cast<std::uint32_t>(capacity), 0);
    return got > 0 ? static_cast<std::size_t>(got) : 0;
}

// The driver takes all of a piece or nothing of it, hence small ones.
std::size_t UsbStream::write(const std::uint8_t* data, std::size_t size) {
    std::size_t done = 0;
    while (done < size) {
        const std::size_t left = size - done;
        const std::size_t piece = left < kUsbPacket ? left : kUsbPacket;
        if (usb_serial_jtag_write_bytes(data + done, piece, 0) <= 0) {
            break;
        }
        done += piece;
    }
    quiet_.wrote(done);
    return done;
}

void UsbStream::wait(bool want_read, bool want_write, std::uint32_t timeout_us) {
    Chip::feed();
    if (!want_write && quiet_.due() && usb_serial_jtag_write_bytes(&kNothing, 1, 0) > 0) {
        quiet_.done();
    }
    TickType_t ticks = ticks_in(timeout_us, configTICK_RATE_HZ);
    if (want_write && ticks > 1) {
        ticks = 1;  // the driver does not say when there is room
    }
    if (!want_read) {
        vTaskDelay(ticks);
    } else if (ahead_.empty()) {
        const int got = usb_serial_jtag_read_bytes(ahead_.room(), ahead_.capacity(), ticks);
        ahead_.filled(got > 0 ? static_cast<std::size_t>(got) : 0);
    }
}

}  // namespace hk::espidf
