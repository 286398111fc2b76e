// An RMT encoder for words that are ready made, with the gap behind them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "driver/rmt_encoder.h"
#include "espidf/pure/two_parts.hpp"

namespace hk::espidf {

/// Belongs to one channel. The words are copied as they are; nothing is computed in the interrupt.
class StripEncoder {
public:
    void begin();

    /// Sets the gap that follows the words of the next transmission.
    void set_gap(std::uint32_t reset_word);

    rmt_encoder_handle_t handle() { return &driver_.base; }

private:
    struct Driver {
        rmt_encoder_t base;  ///< first: this is all that the RMT driver knows
        StripEncoder* owner;
    };

    static std::size_t encode(rmt_encoder_t* encoder, rmt_channel_handle_t channel, const void* words,
                              std::size_t size, rmt_encode_state_t* state);
    static esp_err_t reset(rmt_encoder_t* encoder);
    static esp_err_t remove(rmt_encoder_t* encoder);

    Driver driver_ = {};
    rmt_encoder_handle_t copy_ = nullptr;
    rmt_symbol_word_t gap_ = {};
    TwoParts parts_;
};

}  // namespace hk::espidf
