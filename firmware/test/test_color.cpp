#include "check.hpp"
#include "color/brightness.hpp"
#include "color/gamma.hpp"
#include "color/pipeline.hpp"
#include "color/power.hpp"
#include "vectors.hpp"

using namespace hk;
using namespace hk::test;

namespace {

constexpr std::uint32_t kMost = 64;  // channels

std::uint64_t sum(const std::uint16_t* values, std::uint32_t count) {
    std::uint64_t total = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
        total += values[i];
    }
    return total;
}

}  // namespace

TEST("the gamma table is the one of the specification") {
    const Rows lut = rows("lut");
    CHECK_EQ(lut.rows, 257);
    for (std::size_t i = 0; i < lut.rows; ++i) {
        CHECK_EQ(kGammaTable[i], *lut.row(i));
    }
}

TEST("brightness and gamma equal their vectors") {
    const Rows channels = rows("channels");
    CHECK(channels.rows > 0);
    for (std::size_t i = 0; i < channels.rows; ++i) {
        const std::uint64_t* row = channels.row(i);
        const std::uint16_t dimmed = dim16(static_cast<std::uint16_t>(row[1]), static_cast<std::uint8_t>(row[0]));
        CHECK_EQ(gamma16(dimmed), row[2]);
    }
}

TEST("gamma never falls as the input rises") {
    for (std::uint32_t value = 1; value < 65536; ++value) {
        CHECK(gamma16(static_cast<std::uint16_t>(value)) >= gamma16(static_cast<std::uint16_t>(value - 1)));
    }
}

TEST("every stage of the pipeline equals its vectors") {
    CHECK(kColorVectors.count > 0);
    for (const ColorVector& want : kColorVectors) {
        std::uint16_t gamma[kMost];
        std::uint16_t limited[kMost];
        std::uint8_t frame[kMost];
        const std::uint32_t leds = want.channels / 3;
        const Stages stages{want.linear, gamma, limited, frame};
        CHECK_EQ(run_pipeline(stages, leds, {want.brightness, want.limit_ma}), want.ma);
        CHECK_EQ(power_factor(sum(want.gamma, want.channels), leds, want.limit_ma), want.factor);
        for (std::uint32_t i = 0; i < want.channels; ++i) {
            CHECK_EQ(gamma[i], want.gamma[i]);
            CHECK_EQ(limited[i], want.limited[i]);
            CHECK_EQ(frame[i], want.frame[i]);
        }
    }
}

TEST("the estimate never exceeds a limit that the idle LEDs leave room for") {
    constexpr std::uint32_t kLeds = 20;
    std::uint16_t linear[kLeds * 3];
    std::uint16_t gamma[kLeds * 3];
    std::uint16_t limited[kLeds * 3];
    std::uint8_t frame[kLeds * 3];
    std::uint32_t random = 1;
    for (std::uint32_t round = 0; round < 400; ++round) {
        for (std::uint16_t& value : linear) {
            random = random * 1664525u + 1013904223u;
            value = static_cast<std::uint16_t>(random >> 16);
        }
        const std::uint32_t limit_ma = kLeds + round * 3;
        const std::uint32_t ma = run_pipeline({linear, gamma, limited, frame}, kLeds, {255, limit_ma});
        CHECK(ma <= limit_ma);
    }
}

TEST("brightness 0 is black") {
    const std::uint16_t linear[3] = {65535, 1, 32768};
    std::uint16_t gamma[3];
    std::uint16_t limited[3];
    std::uint8_t frame[3];
    CHECK_EQ(run_pipeline({linear, gamma, limited, frame}, 1, {0, 0}), 1);
    for (const std::uint8_t value : frame) {
        CHECK_EQ(value, 0);
    }
}
