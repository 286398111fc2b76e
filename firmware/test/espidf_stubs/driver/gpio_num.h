// Stand-in, see README.md. The type comes with the RMT's headers in ESP-IDF.
#pragma once

typedef enum { GPIO_NUM_NC = -1, GPIO_NUM_0 = 0, GPIO_NUM_MAX = 49 } gpio_num_t;
