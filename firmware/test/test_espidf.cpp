// What the port with ESP-IDF does without any of its headers.
#include "check.hpp"
#include "espidf/pure/gap.hpp"
#include "espidf/pure/line_time.hpp"
#include "espidf/pure/loopback.hpp"
#include "espidf/pure/two_parts.hpp"
#include "espidf/pure/usb_packets.hpp"
#include "host/ws2812_strip.hpp"
#include "strip/encoder.hpp"
#include "strip/timing.hpp"

using namespace hk;
using namespace hk::test;
using namespace hk::espidf;

namespace {

constexpr std::uint8_t kColours[6] = {0x11, 0x22, 0x33, 0xFF, 0x00, 0x80};
constexpr std::size_t kWords = waveform_words(2);

// What an RMT receiver leaves of a frame: the last low is cut off where the line stayed idle.
std::size_t receive(std::uint32_t* words) {
    encode_strip(kColours, 2, kWireOrder, words);
    words[kWords - 2] &= 0xFFFFu;
    return kWords - 1;
}

// Copies of `left` symbols as far as `room` goes.
Progress copy(std::size_t& left, std::size_t& room) {
    const std::size_t now = left < room ? left : room;
    left -= now;
    room -= now;
    return {now, left == 0, room == 0};
}

}  // namespace

TEST("espidf: the gap is as long in two halves as it was in one, and neither is an end mark") {
    const std::uint32_t gap = split_gap(kResetWord);
    const std::uint32_t first = gap & 0x7FFFu;
    const std::uint32_t second = gap >> 16 & 0x7FFFu;
    CHECK_EQ(first + second, kResetWord);
    CHECK(first > 0 && second > 0);
    CHECK_EQ(gap & 0x80008000u, 0);  // low, both
    CHECK_EQ(split_gap(7), 3u | 4u << 16);
}

TEST("espidf: with the gap in that form the LEDs show the same") {
    std::uint32_t words[kWords];
    encode_strip(kColours, 2, kWireOrder, words);
    words[kWords - 1] = split_gap(words[kWords - 1]);
    static host::Ws2812Strip strip;
    strip.receive({words, kWords, kTickNs});
    CHECK_BYTES((Bytes{strip.latched().data, 6}), (Bytes{kColours, 6}));
}

TEST("espidf: bits and gap are one transmission whatever room the driver has") {
    for (std::size_t room = 1; room <= 60; ++room) {
        TwoParts parts;
        std::size_t bits = 48;
        std::size_t gap = 1;
        std::size_t sent = 0;
        int calls = 0;
        for (bool complete = false; !complete && calls < 100; ++calls) {
            std::size_t left = room;
            const Progress progress = parts.go_on([&](bool second) {
                CHECK(!second || bits == 0);
                return copy(second ? gap : bits, left);
            });
            sent += progress.symbols;
            complete = progress.complete;
            CHECK(complete || progress.memory_full);
        }
        CHECK_EQ(sent, 49);
        CHECK_EQ(gap, 0);
        bits = gap = 1;
        std::size_t enough = 64;
        CHECK_EQ(parts.go_on([&](bool second) { return copy(second ? gap : bits, enough); }).symbols, 2);
    }
}

TEST("espidf: a transmission that is given up begins anew with the bits") {
    TwoParts parts;
    std::size_t bits = 4;
    std::size_t gap = 1;
    std::size_t room = 4;
    parts.go_on([&](bool second) { return copy(second ? gap : bits, room); });
    parts.reset();
    bool began_with_gap = true;
    bits = 4;
    room = 2;
    parts.go_on([&](bool second) {
        began_with_gap = second;
        return copy(second ? gap : bits, room);
    });
    CHECK(!began_with_gap);
}

TEST("espidf: what was received shows what was sent") {
    std::uint32_t words[kWords + 1];
    const std::size_t count = close_received(words, receive(words), kWords + 1, kTickNs);
    CHECK_EQ(count, kWords - 1);
    static host::Ws2812Strip strip;
    strip.receive({words, count, kTickNs});
    CHECK_BYTES((Bytes{strip.latched().data, 6}), (Bytes{kColours, 6}));
}

TEST("espidf: the end of a reception counts as a gap however the receiver marks it") {
    std::uint32_t words[kWords + 1];
    encode_strip(kColours, 2, kWireOrder, words);
    words[kWords - 1] = 0;  // an end mark in a word of its own
    CHECK_EQ(close_received(words, kWords, kWords + 1, kTickNs), kWords);
    CHECK_EQ(words[kWords - 1] * kTickNs, kIdleNs);
    encode_strip(kColours, 2, kWireOrder, words);
    CHECK_EQ(close_received(words, kWords - 1, kWords + 1, kTickNs), kWords);  // none at all
    static host::Ws2812Strip strip;
    strip.receive({words, kWords, kTickNs});
    CHECK_BYTES((Bytes{strip.latched().data, 6}), (Bytes{kColours, 6}));
}

TEST("espidf: nothing, too much, or a full buffer is no frame") {
    std::uint32_t words[kWords] = {};
    CHECK_EQ(close_received(words, 0, kWords, kTickNs), 0);
    CHECK_EQ(close_received(words, kWords + 1, kWords, kTickNs), 0);
    encode_strip(kColours, 2, kWireOrder, words);
    words[kWords - 1] = kOneWord;
    CHECK_EQ(close_received(words, kWords, kWords, kTickNs), 0);
}

TEST("espidf: the receiver waits longer than the LEDs and shorter than the gap") {
    CHECK(kIdleNs > 280000 + kZeroLowNs);
    CHECK(kIdleNs < kResetUs * 1000);
    CHECK(kIdleNs / kTickNs < 0x8000);
}

TEST("espidf: a line is busy for as long as its waveform, and then until the driver says so") {
    std::uint32_t words[kWords];
    encode_strip(kColours, 2, kWireOrder, words);
    CHECK_EQ(duration_us({words, kWords, kTickNs}), frame_us(2));
    CHECK_EQ(busy_for(100, 460), 360);
    CHECK_EQ(busy_for(460, 460), kAskAgainUs);
    CHECK_EQ(busy_for(9999, 460), kAskAgainUs);
}

TEST("espidf: waiting ends early rather than late") {
    CHECK_EQ(ticks_in(999, 1000), 0);
    CHECK_EQ(ticks_in(1000, 1000), 1);
    CHECK_EQ(ticks_in(100000, 1000), 100);
    CHECK_EQ(ticks_in(19999, 100), 1);
    CHECK_EQ(ticks_in(0xFFFFFFFFu, 1000), 4294967);
}

TEST("espidf: after a full packet a zero ends the transfer, once") {
    QuietMark mark;
    CHECK(!mark.due());
    mark.wrote(63);
    CHECK(!mark.due());
    mark.wrote(1);
    CHECK(mark.due());
    mark.done();
    CHECK(!mark.due());
}

TEST("espidf: what came while waiting is read first, in pieces of any size") {
    ReadAhead ahead;
    CHECK(ahead.empty());
    for (std::size_t i = 0; i < ReadAhead::capacity(); ++i) {
        ahead.room()[i] = static_cast<std::uint8_t>(i);
    }
    ahead.filled(ReadAhead::capacity());
    std::uint8_t out[70];
    CHECK_EQ(ahead.take(out, 60), 60);
    CHECK(!ahead.empty());
    CHECK_EQ(ahead.take(out, sizeof(out)), 4);
    CHECK_EQ(out[3], 63);
    CHECK(ahead.empty());
    CHECK_EQ(ahead.take(out, sizeof(out)), 0);
}
