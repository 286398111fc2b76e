#include "espidf/uart_stream.hpp"

#include "driver/uart.h"
#include "esp_err.h"
#include "espidf/chip.hpp"
#include "espidf/pure/line_time.hpp"
#include "freertos/task.h"

namespace hk::espidf {
namespace {

constexpr uart_port_t kPort = UART_NUM_0;
constexpr int kBaud = 115200;   // the ROM's own: one terminal reads boot text and link
constexpr int kBuffer = 4096;   // the longest frame is 2063 bytes, and none may be cut
constexpr int kEvents = 16;

}  // namespace

// API reference, "Universal Asynchronous Receiver/Transmitter (UART)", of this and all calls here.
// The pins stay those of the ROM.
void UartStream::begin() {
    uart_config_t config = {};
    config.baud_rate = kBaud;
    config.data_bits = UART_DATA_8_BITS;
    config.parity = UART_PARITY_DISABLE;
    config.stop_bits = UART_STOP_BITS_1;
    config.flow_ctrl = UART_HW_FLOWCTRL_DISABLE;
    config.source_clk = UART_SCLK_DEFAULT;
    ESP_ERROR_CHECK(uart_driver_install(kPort, kBuffer, kBuffer, kEvents, &events_, 0));
    ESP_ERROR_CHECK(uart_param_config(kPort, &config));
}

std::size_t UartStream::read(std::uint8_t* out, std::size_t capacity) {
    const int got = uart_read_bytes(kPort, out, static_cast<std::uint32_t>(capacity), 0);
    return got > 0 ? static_cast<std::size_t>(got) : 0;
}

// uart_write_bytes waits for room, so it is given no more than there is.
std::size_t UartStream::write(const std::uint8_t* data, std::size_t size) {
    std::size_t room = 0;
    ESP_ERROR_CHECK(uart_get_tx_buffer_free_size(kPort, &room));
    const std::size_t piece = size < room ? size : room;
    if (piece == 0) {
        return 0;
    }
    const int put = uart_write_bytes(kPort, data, piece);
    return put > 0 ? static_cast<std::size_t>(put) : 0;
}

// An event that is left in the queue ends the next wait early, which does no harm.
void UartStream::wait(bool want_read, bool want_write, std::uint32_t timeout_us) {
    Chip::feed();
    TickType_t ticks = ticks_in(timeout_us, configTICK_RATE_HZ);
    if (want_write && ticks > 1) {
        ticks = 1;  // there is no event for room
    }
    uart_event_t event;
    if (want_read) {
        xQueueReceive(events_, &event, ticks);
    } else {
        vTaskDelay(ticks);
    }
}

}  // namespace hk::espidf
