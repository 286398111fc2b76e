// Stand-in, see README.md.
#pragma once

typedef int esp_err_t;

#define ESP_OK 0
#define ESP_FAIL (-1)

extern "C" [[noreturn]] void hk_stub_abort(void);

#define ESP_ERROR_CHECK(call)   \
    do {                        \
        if ((call) != ESP_OK) { \
            hk_stub_abort();    \
        }                       \
    } while (0)
