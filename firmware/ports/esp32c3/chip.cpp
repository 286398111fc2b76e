#include "esp32c3/chip.hpp"

#include "esp32c3/interrupts.hpp"
#include "esp32c3/registers.hpp"
#include "esp32c3/uart_stream.hpp"

extern "C" {
extern std::uint32_t __stack_bottom[];  // NOLINT: named by the linker script
extern std::uint32_t __stack_top[];
void hk_watchdogs_off();
}

namespace hk::esp32c3 {
namespace {

constexpr std::uint32_t kStackMark = 0x53544143;  // what start.S fills the stack with
constexpr std::uint32_t kWatchdogKey = 0x50D83AA1;
constexpr std::uint32_t kSuperKey = 0x8F1D312A;
constexpr std::uint32_t kSuperAutoFeed = 1u << 31;

// Causes of TRM 1.1, table 9-1. EN low and power on are one and the same to the chip.
const char* reason_of(std::uint32_t cause) {
    switch (cause) {
        case 0x01: return "power-on";
        case 0x03:
        case 0x0C: return "software";
        case 0x07:
        case 0x08:
        case 0x09:
        case 0x0B:
        case 0x0D:
        case 0x10:
        case 0x11:
        case 0x12: return "watchdog";
        case 0x0F: return "brownout";
        default: return "unknown";
    }
}

}  // namespace

void reset_chip() {
    mask();
    UartStream::drain();
    reg(kRtcOptions0) = reg(kRtcOptions0) | kRtcSystemReset;
    while (true) {
    }
}

void Chip::begin() {
    const bool panicked = reg(kRtcStore4) == kPanicMark;
    reg(kRtcStore4) = 0;
    reset_reason_ = panicked ? "panic" : reason_of(reg(kRtcResetState) & 0x3Fu);
}

std::uint32_t Chip::random() { return reg(kRandom); }

Mac Chip::mac() const {
    const std::uint32_t last = reg(kEfuseMac0);
    const std::uint32_t first = reg(kEfuseMac1);
    Mac mac;
    mac.octet[0] = static_cast<std::uint8_t>(first >> 8);
    mac.octet[1] = static_cast<std::uint8_t>(first);
    for (std::size_t i = 0; i < 4; ++i) {
        mac.octet[2 + i] = static_cast<std::uint8_t>(last >> (24 - 8 * i));
    }
    return mac;
}

std::size_t Chip::stack_free() {
    const std::uint32_t* word = __stack_bottom;
    while (word < __stack_top && *word == kStackMark) {
        ++word;
    }
    return static_cast<std::size_t>(word - __stack_bottom) * sizeof(std::uint32_t);
}

}  // namespace hk::esp32c3

// The second stage leaves them running, for a program that would feed them: this one has nothing to
// gain from that, as a hang of its own shows on the link. Called before anything else is set up.
void hk_watchdogs_off() {
    using namespace hk::esp32c3;
    reg(kRtcWdtProtect) = kWatchdogKey;
    reg(kRtcWdtConfig0) = 0;
    reg(kRtcWdtProtect) = 0;
    reg(kRtcSwdProtect) = kSuperKey;
    reg(kRtcSwdConf) = reg(kRtcSwdConf) | kSuperAutoFeed;
    reg(kRtcSwdProtect) = 0;
    reg(kTimerGroup0Protect) = kWatchdogKey;
    reg(kTimerGroup0Wdt) = 0;
    reg(kTimerGroup0Protect) = 0;
}
