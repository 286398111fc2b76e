#include <cstdio>
#include <cstring>

#include "app/parameters.hpp"
#include "app/renderer.hpp"
#include "check.hpp"
#include "host/led_strips.hpp"
#include "pattern/registry.hpp"
#include "rig.hpp"
#include "vectors.hpp"

using namespace hk;
using namespace hk::test;

namespace {

const Pattern* named(const char* name) {
    return find_pattern({reinterpret_cast<const std::uint8_t*>(name), std::strlen(name)});
}

std::size_t index_of(const Pattern& pattern, const char* param) {
    std::size_t i = 0;
    while (i < pattern.param_count && std::strcmp(pattern.params[i].name, param) != 0) {
        ++i;
    }
    return i;
}

void check_frame(Renderer& renderer, const FrameVector& want) {
    if (want.sets_audio) {
        renderer.set_audio(want.audio);
    }
    renderer.render(want.time_us);
    for (std::size_t s = 0; s < renderer.profile().strip_count; ++s) {
        const Bytes linear = renderer.tap(Tap::linear, s);
        CHECK_BYTES((Bytes{linear.data, want.first_count[s] * 2}),
                    (Bytes{reinterpret_cast<const std::uint8_t*>(want.first[s]), want.first_count[s] * 2}));
    }
    CHECK_EQ(renderer.crc(Tap::linear), want.linear_crc);
    CHECK_EQ(renderer.crc(Tap::frame), want.frame_crc);
    CHECK_EQ(renderer.ma(), want.ma);
}

void check_case(const Pattern& pattern, const CaseVector& want) {
    static WorkspaceMemory<320> memory;
    FakeClock clock;
    host::LedStrips leds(clock);
    Renderer renderer(want.profile, memory.view(), leds);
    std::int32_t values[kMaxParams] = {};
    fill_presets(pattern, values);
    for (std::size_t i = 0; i < want.param_count; ++i) {
        const std::size_t at = index_of(pattern, want.params[i].name);
        CHECK(at < pattern.param_count);
        values[at < kMaxParams ? at : 0] = want.params[i].value;
    }
    renderer.select(pattern, want.seed, values);
    renderer.set_output({want.brightness, want.limit_ma});
    for (std::size_t i = 0; i < want.frame_count; ++i) {
        check_frame(renderer, want.frames[i]);
    }
}

void check_pattern(const char* name) {
    for (const PatternVector& want : kPatternVectors) {
        if (std::strcmp(want.name, name) != 0) {
            continue;
        }
        const Pattern* pattern = named(name);
        CHECK(pattern != nullptr && want.case_count > 0);
        for (std::size_t i = 0; pattern != nullptr && i < want.case_count; ++i) {
            check_case(*pattern, want.cases[i]);
        }
        return;
    }
    fail(__FILE__, __LINE__, "no vectors for this pattern");
}

}  // namespace

TEST("the registry holds the patterns of the specification, in its order") {
    CHECK_EQ(kPatternCount, kPatternVectors.count);
    for (std::size_t i = 0; i < kPatternCount && i < kPatternVectors.count; ++i) {
        CHECK(std::strcmp(kPatterns[i]->name, kPatternVectors.items[i].name) == 0);
        CHECK_EQ(kPatterns[i]->audio_driven, kPatternVectors.items[i].audio_driven);
    }
}

TEST("parameters describe themselves as the specification does") {
    for (std::size_t p = 0; p < kPatternCount && p < kPatternVectors.count; ++p) {
        const PatternVector& want = kPatternVectors.items[p];
        CHECK_EQ(kPatterns[p]->param_count, want.param_count);
        for (std::size_t i = 0; i < want.param_count && i < kPatterns[p]->param_count; ++i) {
            const Param& got = kPatterns[p]->params[i];
            CHECK(std::strcmp(got.name, want.params[i].name) == 0);
            CHECK(got.type == want.params[i].type);
            CHECK_EQ(got.min, want.params[i].min);
            CHECK_EQ(got.max, want.params[i].max);
            CHECK_EQ(got.preset, want.params[i].preset);
            CHECK(std::strcmp(got.unit, want.params[i].unit) == 0);
        }
    }
}

TEST("solid equals its vectors") { check_pattern("solid"); }
TEST("gradient equals its vectors") { check_pattern("gradient"); }
TEST("breathe equals its vectors") { check_pattern("breathe"); }
TEST("comet equals its vectors") { check_pattern("comet"); }
TEST("chase equals its vectors") { check_pattern("chase"); }
TEST("twinkle equals its vectors") { check_pattern("twinkle"); }
TEST("lava equals its vectors") { check_pattern("lava"); }
TEST("wave equals its vectors") { check_pattern("wave"); }
TEST("rainbow equals its vectors") { check_pattern("rainbow"); }
TEST("spectrum equals its vectors") { check_pattern("spectrum"); }
TEST("pulse equals its vectors") { check_pattern("pulse"); }
TEST("bloom equals its vectors") { check_pattern("bloom"); }

TEST("any parameters and any time draw something without overflow") {
    static WorkspaceMemory<5> memory;
    const Profile profile{"", 2, {{0, 4, kWireOrder}, {0, 1, kWireOrder}}};
    FakeClock clock;
    host::LedStrips leds(clock);
    Renderer renderer(profile, memory.view(), leds);
    Random random(7);
    for (int round = 0; round < 4000; ++round) {
        const Pattern& pattern = *kPatterns[random.below(static_cast<std::uint32_t>(kPatternCount))];
        std::int32_t values[kMaxParams] = {};
        for (std::size_t i = 0; i < pattern.param_count; ++i) {
            const Param& param = pattern.params[i];
            values[i] = param.min + static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(param.max - param.min) + 1));
        }
        Audio audio{random.u16(), random.u16(), {random.u16(), 0, random.u16(), 65535, 0, 0, 0, random.u16()}};
        renderer.set_audio(audio);
        renderer.select(pattern, random.u32(), values);
        const std::uint64_t time_us = (std::uint64_t{random.u32()} << 32 | random.u32()) >> random.below(64);
        renderer.render(time_us);
        const std::uint32_t crc = renderer.crc(Tap::linear);
        renderer.reset_state();
        renderer.render(time_us);
        CHECK_EQ(renderer.crc(Tap::linear), crc);
    }
}
