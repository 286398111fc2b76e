#include "espidf/chip.hpp"

#include <atomic>

#include "bootloader_random.h"
#include "esp_attr.h"
#include "esp_err.h"
#include "esp_mac.h"
#include "esp_random.h"
#include "esp_system.h"
#include "esp_task_wdt.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

namespace {

std::atomic<std::uint32_t> blocks_taken{0};

}  // namespace

// API reference, "Heap Memory Debugging", Allocation and Free Function Hooks: called for every block of every
// task, also from interrupts (CONFIG_HEAP_USE_HOOKS in sdkconfig.defaults).
extern "C" void IRAM_ATTR esp_heap_trace_alloc_hook(void*, std::size_t, std::uint32_t) {
    blocks_taken.fetch_add(1, std::memory_order_relaxed);
}

extern "C" void IRAM_ATTR esp_heap_trace_free_hook(void*) {}

namespace hk::espidf {

// API reference, "Watchdogs", Task Watchdog Timer: a hung loop resets the chip (sdkconfig.defaults).
void Chip::begin() { ESP_ERROR_CHECK(esp_task_wdt_add(nullptr)); }

void Chip::feed() { ESP_ERROR_CHECK(esp_task_wdt_reset()); }

// API reference, "Miscellaneous System APIs", Reset Reason. On the ESP32 the EN pin reads as power-on.
const char* Chip::reset_reason() const {
    switch (esp_reset_reason()) {
        case ESP_RST_POWERON: return "power-on";
        case ESP_RST_EXT:
        case ESP_RST_USB:
        case ESP_RST_JTAG: return "external";
        case ESP_RST_SW: return "software";
        case ESP_RST_PANIC: return "panic";
        case ESP_RST_INT_WDT:
        case ESP_RST_TASK_WDT:
        case ESP_RST_WDT: return "watchdog";
        case ESP_RST_BROWNOUT: return "brownout";
        default: return "unknown";
    }
}

// API reference, "Random Number Generation": without radio the numbers are true random only while this
// entropy source is on. It shares the ADC and I2S, which nothing else here uses.
std::uint32_t Chip::random() {
    bootloader_random_enable();
    const std::uint32_t value = esp_random();
    bootloader_random_disable();
    return value;
}

// API reference, "Miscellaneous System APIs", MAC Address: the one that esptool read-mac prints.
Mac Chip::mac() const {
    Mac mac;
    ESP_ERROR_CHECK(esp_efuse_mac_get_default(mac.octet));
    return mac;
}

// API reference, "Miscellaneous System APIs", Heap Memory.
std::size_t Chip::heap_min() { return esp_get_minimum_free_heap_size(); }

std::uint32_t Chip::allocations() { return blocks_taken.load(std::memory_order_relaxed); }

// API reference, "FreeRTOS (IDF)": in ESP-IDF the high water mark counts bytes.
std::size_t Chip::stack_free() { return uxTaskGetStackHighWaterMark(nullptr); }

// API reference, "Miscellaneous System APIs", Software Reset.
void Chip::reboot() { esp_restart(); }

}  // namespace hk::espidf
