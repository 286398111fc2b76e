// Stand-in, see README.md.
#pragma once

#include "driver/rmt_common.h"

typedef struct rmt_encoder_t rmt_encoder_t;

typedef enum {
    RMT_ENCODING_RESET = 0,
    RMT_ENCODING_COMPLETE = 1 << 0,
    RMT_ENCODING_MEM_FULL = 1 << 1,
} rmt_encode_state_t;

struct rmt_encoder_t {
    size_t (*encode)(rmt_encoder_t* encoder, rmt_channel_handle_t tx_channel, const void* primary_data,
                     size_t data_size, rmt_encode_state_t* ret_state);
    esp_err_t (*reset)(rmt_encoder_t* encoder);
    esp_err_t (*del)(rmt_encoder_t* encoder);
};

typedef struct {
} rmt_copy_encoder_config_t;

extern "C" {
esp_err_t rmt_new_copy_encoder(const rmt_copy_encoder_config_t* config, rmt_encoder_handle_t* ret_encoder);
esp_err_t rmt_encoder_reset(rmt_encoder_handle_t encoder);
}
