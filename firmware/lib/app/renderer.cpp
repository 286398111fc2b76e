#include "app/renderer.hpp"

#include "app/parameters.hpp"
#include "link/crc32.hpp"
#include "pattern/registry.hpp"
#include "strip/encoder.hpp"

namespace hk {

static_assert(sizeof(Colour) == 6, "colours lie in memory as the tap 'linear' sends them");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "taps are sent as they lie in memory");

namespace {

/// What lies behind the last LED while a pattern draws.
constexpr Colour kBeyond{0xDEAD, 0xBEEF, 0xCAFE};

bool same(const Colour& a, const Colour& b) { return a.r == b.r && a.g == b.g && a.b == b.b; }

Bytes part(const void* data, std::size_t item, std::uint32_t first, std::uint32_t count) {
    return {static_cast<const std::uint8_t*>(data) + first * item, count * item};
}

}  // namespace

Renderer::Renderer(const Profile& profile, const Workspace& workspace, LedOutput& output)
    : profile_(profile), work_(workspace), leds_(output), pattern_(kFirstPattern) {
    fill_presets(*pattern_, inputs_.values);
}

void Renderer::select(const Pattern& pattern, std::uint32_t seed, const std::int32_t* values) {
    pattern_ = &pattern;
    inputs_.seed = seed;
    for (std::size_t i = 0; i < pattern.param_count; ++i) {
        inputs_.values[i] = values[i];
    }
    reset_state();
}

void Renderer::render(std::uint64_t time_us) {
    inputs_.time_us = time_us;
    Colour& beyond = work_.linear[profile_.leds()];
    beyond = kBeyond;
    hk::render(*pattern_, inputs_, profile_, state_, work_.linear);
    if (!same(beyond, kBeyond)) {
        __builtin_trap();  // better a crash that says so than a pattern that writes into other memory
    }
    const Stages stages{&work_.linear->r, work_.gamma, work_.limited, work_.frame};
    ma_ = run_pipeline(stages, profile_.leds(), settings_);
    ++frames_;
}

void Renderer::encode() {
    leds_.release();
    for (std::size_t s = 0; s < profile_.strip_count; ++s) {
        const StripProfile& strip = profile_.strips[s];
        encode_strip(tap(Tap::frame, s).data, strip.leds, strip.order, words_of(s));
    }
}

void Renderer::send() {
    Waveform waveforms[kMaxStrips];
    for (std::size_t s = 0; s < profile_.strip_count; ++s) {
        waveforms[s] = {words_of(s), waveform_words(profile_.strips[s].leds), kTickNs};
    }
    leds_.show(waveforms, profile_.strip_count);
}

Bytes Renderer::tap(Tap tap, std::size_t strip) {
    if (strip >= profile_.strip_count) {
        return {};
    }
    const std::uint32_t first = profile_.leds_before(strip);
    const std::uint32_t leds = profile_.strips[strip].leds;
    switch (tap) {
        case Tap::linear: return part(work_.linear, sizeof(Colour), first, leds);
        case Tap::gamma: return part(work_.gamma, 6, first, leds);
        case Tap::limited: return part(work_.limited, 6, first, leds);
        case Tap::frame: return part(work_.frame, 3, first, leds);
        case Tap::symbols: return part(words_of(strip), 4, 0, waveform_words(leds));
        case Tap::wire: {
            const Bytes seen = leds_.latched(strip);
            return seen.size < leds * 3 ? Bytes{} : Bytes{seen.data, leds * 3};
        }
    }
    return {};
}

std::uint32_t Renderer::crc(Tap which) {
    std::uint32_t crc = 0;
    for (std::size_t s = 0; s < profile_.strip_count; ++s) {
        const Bytes bytes = tap(which, s);
        crc = crc32(bytes.data, bytes.size, crc);
    }
    return crc;
}

std::uint32_t* Renderer::words_of(std::size_t strip) {
    return work_.words + profile_.leds_before(strip) * kBitsPerLed + strip;
}

}  // namespace hk
