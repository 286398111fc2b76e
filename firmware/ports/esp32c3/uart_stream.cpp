#include "esp32c3/uart_stream.hpp"

#include "esp32c3/interrupts.hpp"

#ifndef HK_UART_BAUD
#define HK_UART_BAUD 115200
#endif

namespace hk::esp32c3 {
namespace {

constexpr std::uint32_t kApbHz = 80000000;
constexpr std::uint32_t kSixteenths = static_cast<std::uint32_t>(std::uint64_t{kApbHz} * 16 / HK_UART_BAUD);
constexpr std::uint32_t kFromApb = 1u << 20 | 1u << 22 | 1u << 24 | 1u << 25;  // source, clocks on
constexpr std::uint64_t kByteTicks = std::uint64_t{16000000} * 10 / HK_UART_BAUD + 1;  // of the system timer
constexpr std::uint32_t kHalfFifo = kUartFifoSize / 2;

}  // namespace

void UartStream::begin() {
    reg(kUartClkConf) = kFromApb;
    reg(kUartClkDiv) = kSixteenths / 16 | (kSixteenths % 16) << 20;
    reg(kUartConf1) = 1u | kHalfFifo << 9;
    reg(kUartIntEna) = 0;
}

std::uint32_t UartStream::waiting() { return reg(kUartStatus) & 0x3FFu; }

std::uint32_t UartStream::room() {
    const std::uint32_t used = reg(kUartStatus) >> 16 & 0x3FFu;
    return used < kUartFifoSize ? kUartFifoSize - used : 0;
}

std::size_t UartStream::read(std::uint8_t* out, std::size_t capacity) {
    const std::size_t there = waiting();
    const std::size_t count = there < capacity ? there : capacity;
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = static_cast<std::uint8_t>(reg(kUartFifo));
    }
    return count;
}

std::size_t UartStream::write(const std::uint8_t* data, std::size_t size) {
    const std::size_t free = room();
    const std::size_t count = free < size ? free : size;
    for (std::size_t i = 0; i < count; ++i) {
        reg(kUartFifo) = data[i];
    }
    return count;
}

// With interrupts masked between look and sleep, none can slip through in between: a line that is up
// ends the sleep all the same. They are handled in the moment they are let in.
void UartStream::wait(bool want_read, bool want_write, std::uint32_t timeout_us) {
    if (timeout_us == 0) {
        return;
    }
    Masked masked;
    const auto ready = [&] {
        return (want_read && waiting() > 0) || (want_write && room() >= kHalfFifo);
    };
    if (ready()) {
        return;
    }
    clock_.arm(timeout_us);
    const std::uint64_t end = clock_.now_us() + timeout_us;
    reg(kUartIntEna) = (want_read ? kUartRxFull : 0) | (want_write ? kUartTxEmpty : 0);
    while (!ready() && clock_.now_us() < end) {
        wait_for_interrupt();
        unmask();
        mask();
    }
    reg(kUartIntEna) = 0;
    reg(kUartIntClr) = kUartRxFull | kUartTxEmpty;
    clock_.disarm();
}

// The last byte has left the FIFO for a register, whose 10 bits take another while.
void UartStream::drain() {
    while ((reg(kUartStatus) >> 16 & 0x3FFu) > 0) {
    }
    const std::uint64_t end = SystemClock::ticks() + 2 * kByteTicks;
    while (SystemClock::ticks() < end) {
    }
}

void UartStream::say(const char* text) {
    while (*text != '\0') {
        while (room() == 0) {
        }
        reg(kUartFifo) = static_cast<std::uint8_t>(*text++);
    }
}

}  // namespace hk::esp32c3
