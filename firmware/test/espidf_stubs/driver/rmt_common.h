// Stand-in, see README.md.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "driver/gpio_num.h"
#include "esp_err.h"

struct rmt_channel_t;
typedef struct rmt_channel_t* rmt_channel_handle_t;
typedef struct rmt_encoder_t* rmt_encoder_handle_t;
typedef enum { RMT_CLK_SRC_DEFAULT = 4 } rmt_clock_source_t;

typedef union {
    struct {
        uint16_t duration0 : 15;
        uint16_t level0 : 1;
        uint16_t duration1 : 15;
        uint16_t level1 : 1;
    };
    uint32_t val;
} rmt_symbol_word_t;

typedef struct {
    size_t num_symbols;
} rmt_tx_done_event_data_t;

typedef struct {
    rmt_symbol_word_t* received_symbols;
    size_t num_symbols;
} rmt_rx_done_event_data_t;

typedef bool (*rmt_tx_done_callback_t)(rmt_channel_handle_t tx_chan, const rmt_tx_done_event_data_t* edata,
                                       void* user_ctx);
typedef bool (*rmt_rx_done_callback_t)(rmt_channel_handle_t rx_chan, const rmt_rx_done_event_data_t* edata,
                                       void* user_ctx);

extern "C" {
esp_err_t rmt_enable(rmt_channel_handle_t channel);
esp_err_t rmt_disable(rmt_channel_handle_t channel);
}
