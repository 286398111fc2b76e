// Stand-in, see README.md.
#pragma once

#include "freertos/FreeRTOS.h"

struct QueueDefinition;
typedef struct QueueDefinition* QueueHandle_t;

extern "C" BaseType_t xQueueReceive(QueueHandle_t queue, void* const buffer, TickType_t ticks);
