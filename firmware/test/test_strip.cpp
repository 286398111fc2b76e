#include "check.hpp"
#include "host/ws2812_strip.hpp"
#include "strip/encoder.hpp"
#include "strip/profile.hpp"
#include "strip/timing.hpp"
#include "vectors.hpp"

using namespace hk;
using namespace hk::test;
using hk::host::Ws2812Strip;

namespace {

constexpr std::uint32_t kMostLeds = 8;

struct Words {
    std::uint32_t word[kMostLeds * kBitsPerLed + 1];
    std::size_t count = 0;

    Waveform waveform(std::uint32_t tick_ns = kTickNs) const { return {word, count, tick_ns}; }
};

Words encode(const std::uint8_t* rgb, std::uint32_t leds) {
    Words words;
    words.count = waveform_words(leds);
    encode_strip(rgb, leds, kWireOrder, words.word);
    return words;
}

Bytes shown(const Ws2812Strip& strip, std::size_t leds) { return {strip.latched().data, leds * 3}; }

// What a strip shows in its first LED after 23 good bits of value 0 and one of the given shape.
int last_bit_of(std::uint32_t high, std::uint32_t low) {
    constexpr std::uint8_t kBlack[6] = {};
    Ws2812Strip strip;
    Words words = encode(kBlack, 2);
    words.word[23] = waveform_word(high, low);
    strip.receive(words.waveform());
    return strip.latched().data[2];
}

}  // namespace

TEST("the encoder makes the words of the vectors") {
    CHECK(kStripVectors.count > 0);
    for (const StripVector& want : kStripVectors) {
        const Words got = encode(want.rgb, want.leds);
        CHECK_EQ(got.count, want.count);
        for (std::size_t i = 0; i < want.count; ++i) {
            CHECK_EQ(got.word[i], want.words[i]);
        }
    }
}

TEST("a strip shows the pixels that were encoded for it") {
    for (const StripVector& want : kStripVectors) {
        Ws2812Strip strip;
        strip.receive(encode(want.rgb, want.leds).waveform());
        CHECK_BYTES(shown(strip, want.leds), (Bytes{want.rgb, want.leds * 3}));
    }
}

TEST("a strip takes green first, then red, then blue, whatever the encoder thinks") {
    const std::uint8_t rgb[3] = {0x11, 0x22, 0x33};
    Words words;
    words.count = waveform_words(1);
    encode_strip(rgb, 1, {"RGB", {0, 1, 2}}, words.word);
    Ws2812Strip strip;
    strip.receive(words.waveform());
    const std::uint8_t seen[3] = {0x22, 0x11, 0x33};
    CHECK_BYTES(shown(strip, 1), (Bytes{seen, 3}));
}

TEST("a bit is read right within 150 ns of the datasheet, and wrong outside") {
    CHECK(kWindowVectors.count > 0);
    for (const WindowVector& window : kWindowVectors) {
        if (window.high == 0) {
            continue;  // no pulse at all
        }
        const bool looks_like_one = window.high * kTickNs > 600;
        const int want = window.bit >= 0 ? window.bit : looks_like_one ? 0 : 1;
        CHECK_EQ(last_bit_of(window.high, window.low), want);
    }
}

TEST("a low shorter than 280 us does not make the LEDs show anything") {
    const std::uint8_t white[3] = {255, 255, 255};
    CHECK(kResetVectors.count > 0);
    for (const ResetVector& reset : kResetVectors) {
        Ws2812Strip strip;
        Words words = encode(white, 1);
        words.word[24] = reset.ticks;
        strip.receive(words.waveform());
        CHECK_EQ(strip.latched().data[1] == 255, reset.latches);
    }
}

TEST("without a reset the next frame passes by LEDs that have their bits") {
    const std::uint8_t red[3] = {255, 0, 0};
    const std::uint8_t blue[3] = {0, 0, 255};
    Ws2812Strip strip;
    Words first = encode(red, 1);
    first.count -= 1;  // no reset word
    strip.receive(first.waveform());
    CHECK_EQ(strip.latched().data[0], 0);
    strip.receive(encode(blue, 1).waveform());
    const std::uint8_t both[6] = {255, 0, 0, 0, 0, 255};
    CHECK_BYTES(shown(strip, 2), (Bytes{both, 6}));
}

TEST("LEDs beyond a short frame keep their colours, and so does one with too few bits") {
    const std::uint8_t old[6] = {1, 2, 3, 4, 5, 6};
    const std::uint8_t next[6] = {7, 8, 9, 10, 11, 12};
    Ws2812Strip strip;
    strip.receive(encode(old, 2).waveform());
    Words words = encode(next, 2);
    words.word[40] = kResetWord;
    words.count = 41;
    strip.receive(words.waveform());
    const std::uint8_t seen[6] = {7, 8, 9, 4, 5, 6};
    CHECK_BYTES(shown(strip, 2), (Bytes{seen, 6}));
}

TEST("a clock that is off by a third is seen on the LEDs") {
    const std::uint8_t rgb[3] = {0x12, 0x34, 0x56};
    Ws2812Strip strip;
    strip.receive(encode(rgb, 1).waveform(kTickNs * 4 / 3));
    CHECK(strip.latched().data[0] != 0x12);
}

TEST("the default profile is two strips of 160 on GPIO 5 and 4") {
    const Profile& profile = kProfiles[profile_index("dual-160")];
    CHECK_EQ(profile.strip_count, 2);
    CHECK_EQ(profile.strips[0].gpio, 5);
    CHECK_EQ(profile.strips[1].gpio, 4);
    CHECK_EQ(profile.leds(), 320);
    CHECK_EQ(profile.leds_before(1), 160);
    CHECK_EQ(profile.longest(), 160);
    CHECK_EQ(frame_us(profile.longest()), 5100);
    CHECK_EQ(profile_index("dual-16"), kProfileCount);
    CHECK_EQ(profile_index(""), kProfileCount);
}
