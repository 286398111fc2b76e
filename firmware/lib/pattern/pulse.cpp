// Audio: each beat sends a ring of light out from the centre; the level makes the background glow.
#include <iterator>

#include "pattern/centre.hpp"
#include "pattern/hash.hpp"
#include "pattern/registry.hpp"

namespace hk {
namespace {

enum : std::size_t { kColour, kBack, kSpeed, kWidth, kDecay, kThreshold, kGap, kVariety };

constexpr Param kParams[] = {
    {"colour", ParamType::colour, 0, kMaxColour, 0xFF2060, ""},
    {"back", ParamType::colour, 0, kMaxColour, 0x0A0418, ""},
    {"speed", ParamType::integer, 1, 1000, 120, "LED/s"},
    {"width", ParamType::integer, 1, 64, 6, "LED"},
    {"decay", ParamType::integer, 50, 5000, 600, "ms"},
    {"threshold", ParamType::integer, 0, 255, 60, "/255"},
    {"gap", ParamType::integer, 8, 2000, 240, "ms"},
    {"variety", ParamType::integer, 0, 255, 90, "/255"},
};

constexpr std::uint32_t kTurnOf = 0x70756C73u;  // keeps the draws apart from those of others
constexpr std::uint32_t kFarAway = 0xFFFFFFu;   // beyond any strip

void advance(const Inputs& in, State& state, std::uint64_t, std::uint32_t) {
    PulseState& pulse = state.pulse;
    const std::uint32_t keep = 65535u - 524280u / in.value(kDecay);
    const std::uint32_t stride = in.value(kSpeed) * 2048u / 1000u;
    for (Ring& ring : pulse.ring) {
        const std::uint32_t pos = ring.pos + stride;
        ring.pos = pos < kFarAway ? pos : kFarAway;
        ring.power = fade16(ring.power, keep);
    }
    const std::uint16_t faded = fade16(pulse.env, keep);
    pulse.env = in.audio.level > faded ? in.audio.level : faded;
    pulse.wait -= pulse.wait > 0 ? 1 : 0;
    const std::uint16_t beat = in.audio.beat;
    if (pulse.wait == 0 && beat > 0 && beat >= in.fraction(kThreshold)) {
        const std::uint32_t turn = hash32(in.seed, pulse.count, kTurnOf) >> 16;
        pulse.ring[pulse.count % 4] = {0, beat, static_cast<std::uint16_t>(turn)};
        ++pulse.count;
        pulse.wait = in.value(kGap) / 8u;
    }
}

Colour add(Colour a, Colour b) {
    return {clip16(std::uint32_t{a.r} + b.r), clip16(std::uint32_t{a.g} + b.g), clip16(std::uint32_t{a.b} + b.b)};
}

Colour with_rings(const Inputs& in, const PulseState& pulse, std::uint32_t k, Colour colour) {
    const std::uint32_t width = in.value(kWidth) * 256u;
    const std::uint32_t inverse = 268431360u / width;
    const std::uint32_t at = k * 256u;
    for (const Ring& ring : pulse.ring) {
        const std::uint32_t away = at > ring.pos ? at - ring.pos : ring.pos - at;
        if (away >= width) {
            continue;
        }
        const std::uint16_t light = scale16(smooth16(65535u - ((away * inverse) >> 12)), ring.power);
        const std::uint16_t white = scale16(ring.turn, in.fraction(kVariety));
        colour = add(colour, scale16(lerp16(in.colour(kColour), kWhite, white), light));
    }
    return colour;
}

void draw(const Inputs& in, const State& state, const Canvas& canvas) {
    for (std::uint32_t i = 0; i < canvas.leds; ++i) {
        const std::uint32_t k = distance(i, canvas.leds);
        const std::uint16_t glow = scale16(state.pulse.env, 65535u - reach(k, canvas.leds));
        const Colour ground = lerp16(in.colour(kBack), in.colour(kColour), glow);
        canvas.out[i] = with_rings(in, state.pulse, k, ground);
    }
}

}  // namespace

const Pattern kPulse{"pulse", kParams, std::size(kParams), true, draw, advance};

}  // namespace hk
