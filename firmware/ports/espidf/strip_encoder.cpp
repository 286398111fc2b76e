#include "espidf/strip_encoder.hpp"

#include "esp_attr.h"
#include "esp_err.h"
#include "espidf/pure/gap.hpp"

namespace hk::espidf {

// API reference, "Remote Control Transceiver (RMT)", RMT Encoder, of this and all calls here.
void StripEncoder::begin() {
    driver_.base.encode = encode;
    driver_.base.reset = reset;
    driver_.base.del = remove;
    driver_.owner = this;
    const rmt_copy_encoder_config_t config = {};
    ESP_ERROR_CHECK(rmt_new_copy_encoder(&config, &copy_));
}

void StripEncoder::set_gap(std::uint32_t reset_word) { gap_.val = split_gap(reset_word); }

// Runs in the RMT's interrupt: no call may block. "Customize RMT Encoder for NEC Protocol" on the same page.
std::size_t IRAM_ATTR StripEncoder::encode(rmt_encoder_t* encoder, rmt_channel_handle_t channel,
                                           const void* words, std::size_t size, rmt_encode_state_t* state) {
    StripEncoder& self = *reinterpret_cast<Driver*>(encoder)->owner;
    const Progress progress = self.parts_.go_on([&](bool gap) {
        rmt_encode_state_t part = RMT_ENCODING_RESET;
        const std::size_t symbols =
            gap ? self.copy_->encode(self.copy_, channel, &self.gap_, sizeof(self.gap_), &part)
                : self.copy_->encode(self.copy_, channel, words, size, &part);
        return Progress{symbols, (part & RMT_ENCODING_COMPLETE) != 0, (part & RMT_ENCODING_MEM_FULL) != 0};
    });
    const int flags = (progress.complete ? RMT_ENCODING_COMPLETE : 0) |
                      (progress.memory_full ? RMT_ENCODING_MEM_FULL : 0);
    *state = static_cast<rmt_encode_state_t>(flags);
    return progress.symbols;
}

esp_err_t StripEncoder::reset(rmt_encoder_t* encoder) {
    StripEncoder& self = *reinterpret_cast<Driver*>(encoder)->owner;
    self.parts_.reset();
    return rmt_encoder_reset(self.copy_);
}

// The driver calls it from rmt_del_encoder, which the firmware never does: the object is static.
esp_err_t StripEncoder::remove(rmt_encoder_t*) { return ESP_OK; }

}  // namespace hk::espidf
