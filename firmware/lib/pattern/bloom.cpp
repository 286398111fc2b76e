// Audio: light wells up at the centre as loud as the music, flows outwards and fades.
#include <iterator>

#include "pattern/centre.hpp"
#include "pattern/noise.hpp"
#include "pattern/registry.hpp"
#include "pattern/sine.hpp"

namespace hk {
namespace {

enum : std::size_t { kHue, kWander, kFlow, kDecay, kGain, kIdle };

constexpr Param kParams[] = {
    {"hue", ParamType::integer, 0, 255, 12, "/255"},
    {"wander", ParamType::integer, 0, 255, 60, "/255"},
    {"flow", ParamType::integer, 1, 255, 200, "/256 LED"},
    {"decay", ParamType::integer, 50, 10000, 900, "ms"},
    {"gain", ParamType::integer, 1, 255, 64, "/64"},
    {"idle", ParamType::integer, 0, 255, 40, "/255"},
};

std::uint16_t flow_in(std::uint32_t here, std::uint32_t inner, std::uint32_t flow, std::uint32_t keep) {
    return fade16((here * (256u - flow) + inner * flow) >> 8, keep);
}

void flow_out(const Inputs& in, BloomState& bloom, std::uint32_t reach) {
    const std::uint32_t flow = in.value(kFlow);
    const std::uint32_t keep = 65535u - 524280u / in.value(kDecay);
    for (std::uint32_t k = reach - 1; k > 0; --k) {
        Colour& here = bloom.field[k];
        const Colour& inner = bloom.field[k - 1];
        here = {flow_in(here.r, inner.r, flow, keep), flow_in(here.g, inner.g, flow, keep),
                flow_in(here.b, inner.b, flow, keep)};
    }
    Colour& centre = bloom.field[0];
    centre = {fade16(centre.r, keep), fade16(centre.g, keep), fade16(centre.b, keep)};
}

// How bright the centre wells up: the level, a faint breath when it is quiet, the beat on top.
std::uint16_t strength(const Inputs& in, std::uint64_t tick) {
    const std::uint32_t heard = clip16(in.audio.level * in.value(kGain) / 64u);
    const std::uint32_t breath = static_cast<std::uint32_t>(tick % 500u * 65536u / 500u);
    const std::uint32_t idle = scale16(swell16(static_cast<std::uint16_t>(breath)), in.fraction(kIdle));
    return clip16((heard > idle ? heard : idle) + in.audio.beat / 4u);
}

// Where the weight of the spectrum lies: 0 all bass, 14336 all treble.
std::uint32_t centroid(const Audio& audio) {
    std::uint32_t sum = 0;
    std::uint32_t moment = 0;
    for (std::uint32_t band = 0; band < 8; ++band) {
        sum += audio.bands[band];
        moment += band * audio.bands[band];
    }
    return sum > 0 ? static_cast<std::uint32_t>(std::uint64_t{moment} * 2048u / sum) : 0;
}

void advance(const Inputs& in, State& state, std::uint64_t tick, std::uint32_t reach) {
    flow_out(in, state.bloom, reach);
    const std::uint32_t wander = scale16(noise16(in.seed, 0, tick * 1024u), in.fraction(kWander));
    const std::uint32_t hue = in.fraction(kHue) + centroid(in.audio) + wander;
    const std::uint16_t saturation = static_cast<std::uint16_t>(65535u - scale16(in.audio.beat, 26214));
    const Colour source = hsv16(static_cast<std::uint16_t>(hue), saturation, strength(in, tick));
    Colour& centre = state.bloom.field[0];
    centre.r = source.r > centre.r ? source.r : centre.r;
    centre.g = source.g > centre.g ? source.g : centre.g;
    centre.b = source.b > centre.b ? source.b : centre.b;
}

void draw(const Inputs&, const State& state, const Canvas& canvas) {
    for (std::uint32_t i = 0; i < canvas.leds; ++i) {
        canvas.out[i] = state.bloom.field[distance(i, canvas.leds)];
    }
}

}  // namespace

const Pattern kBloom{"bloom", kParams, std::size(kParams), true, draw, advance};

}  // namespace hk
