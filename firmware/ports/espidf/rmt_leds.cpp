#include "espidf/rmt_leds.hpp"

#include "esp_attr.h"
#include "esp_err.h"
#include "espidf/pure/line_time.hpp"
#include "soc/soc_caps.h"
#include "strip/timing.hpp"

namespace hk::espidf {
namespace {

constexpr std::uint32_t kResolutionHz = 1000000000u / kTickNs;
constexpr int kPatienceMs = 1000;  // the longest strip takes 31 ms; longer means that the driver is stuck

#if SOC_RMT_SUPPORT_DMA
constexpr bool kHasDma = true;
constexpr std::size_t kBlocks = 1;  // four channels have four blocks of 48 symbols
#else
constexpr bool kHasDma = false;
constexpr std::size_t kBlocks = 2;  // four strips share eight blocks of 64 symbols
#endif
constexpr std::size_t kDmaSymbols = 1024;

}  // namespace

void RmtLeds::begin() {
    for (std::size_t s = 0; s < profile_.strip_count; ++s) {
        begin_strip(s);
    }
    wire_.begin(profile_);
}

// API reference, "Remote Control Transceiver (RMT)", Install RMT TX Channel, of this and all calls here.
void RmtLeds::begin_strip(std::size_t strip) {
    const bool dma = kHasDma && strip == 0;
    rmt_tx_channel_config_t config = {};
    config.gpio_num = static_cast<gpio_num_t>(profile_.strips[strip].gpio);
    config.clk_src = RMT_CLK_SRC_DEFAULT;
    config.resolution_hz = kResolutionHz;
    config.mem_block_symbols = dma ? kDmaSymbols : kBlocks * SOC_RMT_MEM_WORDS_PER_CHANNEL;
    config.trans_queue_depth = 1;
    config.flags.with_dma = dma ? 1 : 0;
    ESP_ERROR_CHECK(rmt_new_tx_channel(&config, &channels_[strip]));
    rmt_tx_event_callbacks_t callbacks = {};
    callbacks.on_trans_done = on_done;
    ESP_ERROR_CHECK(rmt_tx_register_event_callbacks(channels_[strip], &callbacks, this));
    ESP_ERROR_CHECK(rmt_enable(channels_[strip]));
    encoders_[strip].begin();
}

// The last word of a waveform is its gap, which the encoder sends in a form of its own.
void RmtLeds::show(const Waveform* strips, std::size_t count) {
    const std::size_t used = count < profile_.strip_count ? count : profile_.strip_count;
    wire_.listen(used);
    std::uint64_t longest_us = 0;
    for (std::size_t s = 0; s < used; ++s) {
        const Waveform& wave = strips[s];
        const std::uint64_t us = duration_us(wave);
        longest_us = us > longest_us ? us : longest_us;
        encoders_[s].set_gap(wave.words[wave.count - 1]);
    }
    free_at_us_ = clock_.now_us() + longest_us;
    under_way_ += static_cast<std::uint32_t>(used);
    rmt_transmit_config_t once = {};
    once.loop_count = 0;
    for (std::size_t s = 0; s < used; ++s) {
        const std::size_t size = (strips[s].count - 1) * sizeof(std::uint32_t);
        ESP_ERROR_CHECK(rmt_transmit(channels_[s], encoders_[s].handle(), strips[s].words, size, &once));
    }
}

void RmtLeds::release() {
    for (std::size_t s = 0; s < profile_.strip_count; ++s) {
        ESP_ERROR_CHECK(rmt_tx_wait_all_done(channels_[s], kPatienceMs));
    }
}

std::uint32_t RmtLeds::busy_us() { return under_way_ == 0 ? 0 : busy_for(clock_.now_us(), free_at_us_); }

// Runs in the RMT's interrupt ("Register Event Callbacks"); nothing of higher priority waits for it.
bool IRAM_ATTR RmtLeds::on_done(rmt_channel_handle_t, const rmt_tx_done_event_data_t*, void* self) {
    --static_cast<RmtLeds*>(self)->under_way_;
    return false;
}

}  // namespace hk::espidf
