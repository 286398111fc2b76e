#include "esp32c3/rmt_strips.hpp"

#include "esp32c3/interrupts.hpp"
#include "esp32c3/registers.hpp"

namespace hk::esp32c3 {
namespace {

constexpr std::uint32_t kStart = 1u << 0;
constexpr std::uint32_t kReadReset = 1u << 1;
constexpr std::uint32_t kWrap = 1u << 4;
constexpr std::uint32_t kIdleLow = 1u << 6;  // output enabled when idle, level 0
constexpr std::uint32_t kDivideBy1 = 1u << 8;
constexpr std::uint32_t kOneBlock = 1u << 16;
constexpr std::uint32_t kUpdate = 1u << 24;
constexpr std::uint32_t kConfig = kWrap | kIdleLow | kDivideBy1 | kOneBlock;
constexpr std::uint32_t kDirectMemory = 1u << 0;
constexpr std::uint32_t kFromApb = 1u << 24 | 1u << 26;  // source, clock on
constexpr std::uint32_t kClockEnable = 1u << 31;

// Whoever counts from after show() has read the clock later than this port has: what it counts must
// not come out shorter than the waveform. Longer than the clock of the simulated chip is coarse.
constexpr std::uint32_t kSettleUs = 60;

constexpr std::uint32_t kSignalOut0 = 51;  // GPIO matrix (TRM 1.1, table 5-2)
constexpr std::uint32_t kPadFunctionGpio = 1u << 12 | 2u << 10;

constexpr std::uint32_t ended(std::size_t channel) { return 1u << channel; }
constexpr std::uint32_t half_empty(std::size_t channel) { return 1u << (8 + channel); }

// Copies symbols into a block, `Step` at a time: the time of an LED is 30 us for both strips.
template <std::uint32_t Step>
void put(volatile std::uint32_t* block, const std::uint32_t* words, std::uint32_t count) {
    for (const std::uint32_t* end = words + count; words != end; words += Step, block += Step) {
#pragma clang loop unroll(full)
        for (std::uint32_t i = 0; i < Step; ++i) {
            const std::uint32_t word = words[i];
            if (__builtin_expect(word == kZeroWord, 1)) {
                block[i] = kRmtZero;
            } else {
                block[i] = symbol_of(word);
            }
        }
    }
}

RmtStrips* the_strips;  // whom the interrupt is for

}  // namespace

void RmtStrips::begin(const Profile& profile) {
    the_strips = this;
    reg(kSystemClockEnable0) = reg(kSystemClockEnable0) | kSystemRmt;
    reg(kSystemReset0) = reg(kSystemReset0) & ~kSystemRmt;
    reg(kRmtSysConf) = kDirectMemory | kFromApb | kClockEnable;
    for (std::size_t i = 0; i < profile.strip_count && i < kChannels; ++i) {
        const std::uint32_t at = static_cast<std::uint32_t>(4 * i);
        const std::uint32_t pin = profile.strips[i].gpio;
        reg(kRmtTxConf0 + at) = kConfig | kUpdate;
        reg(kRmtTxLimit + at) = kHalf;
        reg(kIoMux + 4 * pin) = kPadFunctionGpio;
        reg(kGpioOutSelect + 4 * pin) = static_cast<std::uint32_t>(kSignalOut0 + i);
        reg(kGpioEnableSet) = 1u << pin;
    }
    reg(kRmtIntClr) = 0xFFFFFFFFu;
    reg(kRmtIntEna) = ended(0) | ended(1) | half_empty(0) | half_empty(1);
}

void RmtStrips::show(const Waveform* strips, std::size_t count) {
    release();
    Masked masked;
    std::uint32_t longest_us = 0;
    for (std::size_t i = 0; i < count && i < kChannels; ++i) {
        channels_[i].next = strips[i].words;
        channels_[i].end = strips[i].words + strips[i].count;
        channels_[i].place = 0;
        channels_[i].marked = channels_[i].done = false;
        fill(i, kBlock);
        const std::uint32_t us = frame_us(static_cast<std::uint32_t>(strips[i].count / kBitsPerLed));
        longest_us = us > longest_us ? us : longest_us;
    }
    for (std::size_t i = 0; i < count && i < kChannels; ++i) {
        start(i);
    }
    serve();
    free_at_us_ = clock_.now_us() + longest_us + kSettleUs;
}

// Sleeps between two refills, which come as interrupts.
void RmtStrips::release() {
    Masked masked;
    while (sending()) {
        wait_for_interrupt();
        serve();
    }
}

std::uint32_t RmtStrips::busy_us() {
    const std::uint64_t now = clock_.now_us();
    if (now < free_at_us_) {
        return static_cast<std::uint32_t>(free_at_us_ - now);
    }
    return sending() ? 1 : 0;
}

Bytes RmtStrips::latched(std::size_t strip) {
    return strip < kChannels ? channels_[strip].tap.latched() : Bytes{};
}

void RmtStrips::on_interrupt() { the_strips->serve(); }

void RmtStrips::start(std::size_t index) {
    reg(kRmtIntClr) = ended(index) | half_empty(index);
    reg(kRmtTxConf0 + static_cast<std::uint32_t>(4 * index)) = kConfig | kReadReset | kUpdate | kStart;
}

// A transmitter that stops before the end mark ran dry: the strip has shown half a frame. It goes on
// from the start of its block. A model of the chip that sends a block in no time at all stops there
// each time, and so gets everything as well.
void RmtStrips::serve() {
    std::uint32_t raw = reg(kRmtIntRaw);
    while ((raw & (ended(0) | ended(1) | half_empty(0) | half_empty(1))) != 0) {
        reg(kRmtIntClr) = raw;
        for (std::size_t i = 0; i < kChannels; ++i) {
            Channel& channel = channels_[i];
            if ((raw & ended(i)) != 0 && !channel.marked) {
                channel.place = 0;
                fill(i, kBlock);
                start(i);
            } else if ((raw & ended(i)) != 0) {
                channel.done = true;
            } else if ((raw & half_empty(i)) != 0 && !channel.marked) {
                fill(i, kHalf);
            }
        }
        raw = reg(kRmtIntRaw);
    }
}

bool RmtStrips::sending() const {
    for (const Channel& channel : channels_) {
        if (!channel.done) {
            return true;
        }
    }
    return false;
}

void RmtStrips::fill(std::size_t index, std::uint32_t words) {
    Channel& channel = channels_[index];
    auto* block = reinterpret_cast<volatile std::uint32_t*>(kRmtMemory) + index * kBlock;
    for (std::uint32_t half = 0; half < words / kHalf && !channel.marked; ++half) {
        volatile std::uint32_t* place = block + channel.place;
        const auto left = static_cast<std::uint32_t>(channel.end - channel.next);
        if (left >= kHalf) {
            put<kHalf>(place, channel.next, kHalf);
            channel.tap.take(place, kHalf);
            channel.next += kHalf;
        } else {
            put<1>(place, channel.next, left);
            place[left] = kRmtEnd;
            channel.tap.take(place, left);
            channel.next = channel.end;
            channel.marked = true;
        }
        channel.place = channel.place == 0 ? kHalf : 0;
    }
}

}  // namespace hk::esp32c3
