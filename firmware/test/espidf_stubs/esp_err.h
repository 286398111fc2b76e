// Stand-in, see README.md.
#pragma once

typedef int esp_err_t;

#define ESP_OK 0
#define ESP_FAIL (-1)

extern "C" [[noreturn]] void abort(void);

#define ESP_ERROR_CHECK(call)  \
    do {                       \
        if ((call) != ESP_OK) { \
            abort();           \
        }                      \
    } while (0)
