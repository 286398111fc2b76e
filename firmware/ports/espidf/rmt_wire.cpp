#include "espidf/rmt_wire.hpp"

#ifdef HK_LOOPBACK_GPIOS

#include "esp_attr.h"
#include "esp_err.h"
#include "espidf/pure/loopback.hpp"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "soc/soc_caps.h"

#if !SOC_RMT_SUPPORT_RX_PINGPONG
#error "HK_LOOPBACK_GPIOS: this chip cannot receive more symbols than its RMT memory holds"
#endif

namespace hk::espidf {
namespace {

constexpr int kGpios[] = {HK_LOOPBACK_GPIOS};
constexpr std::uint32_t kGlitchNs = 100;
constexpr TickType_t kPatience = pdMS_TO_TICKS(20);  // a frame of 160 LEDs takes 5.1 ms
constexpr std::size_t kBlocks = 3;  // one line has the channel with DMA, the other the rest of the memory

}  // namespace

void RmtWire::begin(const Profile& profile) {
    static_assert(kPins <= 2, "one line with DMA and one without is what the RMT memory holds");
    used_ = kPins < profile.strip_count ? kPins : profile.strip_count;
    for (std::size_t line = 0; line < used_; ++line) {
        begin_line(line);
    }
}

// API reference, "Remote Control Transceiver (RMT)", Install RMT RX Channel, of this and all calls here.
void RmtWire::begin_line(std::size_t line) {
    const bool dma = line == 0;
    rmt_rx_channel_config_t config = {};
    config.gpio_num = static_cast<gpio_num_t>(kGpios[line]);
    config.clk_src = RMT_CLK_SRC_DEFAULT;
    config.resolution_hz = 1000000000u / kTickNs;
    config.mem_block_symbols = dma ? kWords + kWords % 2 : kBlocks * SOC_RMT_MEM_WORDS_PER_CHANNEL;
    config.flags.with_dma = dma ? 1 : 0;
    Line& own = lines_[line];
    ESP_ERROR_CHECK(rmt_new_rx_channel(&config, &own.channel));
    rmt_rx_event_callbacks_t callbacks = {};
    callbacks.on_recv_done = on_done;
    ESP_ERROR_CHECK(rmt_rx_register_event_callbacks(own.channel, &callbacks, &own));
    ESP_ERROR_CHECK(rmt_enable(own.channel));
}

void RmtWire::listen(std::size_t count) {
    rmt_receive_config_t config = {};
    config.signal_range_min_ns = kGlitchNs;
    config.signal_range_max_ns = kIdleNs;
    for (std::size_t s = 0; s < used_ && s < count; ++s) {
        Line& line = lines_[s];
        if (line.listening && !line.received) {  // nothing came last time: the wire is off
            ESP_ERROR_CHECK(rmt_disable(line.channel));
            ESP_ERROR_CHECK(rmt_enable(line.channel));
        }
        line.received = false;
        line.listening = true;
        ESP_ERROR_CHECK(rmt_receive(line.channel, line.words, sizeof(line.words), &config));
    }
}

Bytes RmtWire::latched(std::size_t strip) {
    if (strip >= used_) {
        return {};
    }
    Line& line = lines_[strip];
    const TickType_t began = xTaskGetTickCount();
    while (line.listening && !line.received && xTaskGetTickCount() - began < kPatience) {
        vTaskDelay(1);
    }
    if (line.listening && line.received) {
        line.listening = false;
        const std::size_t count = close_received(line.words, line.count, kWords, kTickNs);
        line.strip.receive({line.words, count, kTickNs});
    }
    return line.strip.latched();
}

// Runs in the RMT's interrupt ("Register Event Callbacks").
bool IRAM_ATTR RmtWire::on_done(rmt_channel_handle_t, const rmt_rx_done_event_data_t* event, void* line) {
    Line& own = *static_cast<Line*>(line);
    own.count = event->num_symbols;
    own.received = true;
    return false;
}

}  // namespace hk::espidf

#endif
