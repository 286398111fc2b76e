// What a pattern is: a name, parameters that describe themselves, and pure functions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pattern/colour.hpp"
#include "strip/profile.hpp"

namespace hk {

enum class ParamType : std::uint8_t { integer = 0, colour = 1, choice = 2, flag = 3 };

struct Param {
    const char* name;
    ParamType type;
    std::int32_t min;
    std::int32_t max;
    std::int32_t preset;  ///< the default
    const char* unit;
};

inline constexpr std::size_t kMaxParams = 8;
inline constexpr std::int32_t kMaxColour = 0xFFFFFF;

struct Audio {
    std::uint16_t level = 0;
    std::uint16_t beat = 0;
    std::uint16_t bands[8] = {};
};

/// All that a frame depends on, beside the state. Values are within the ranges of their parameters.
struct Inputs {
    std::int32_t values[kMaxParams] = {};
    std::uint32_t seed = 0;
    std::uint64_t time_us = 0;
    Audio audio;

    std::uint32_t value(std::size_t param) const { return static_cast<std::uint32_t>(values[param]); }
    Colour colour(std::size_t param) const { return widen_rgb(value(param)); }
    bool flag(std::size_t param) const { return values[param] != 0; }
    /// A value of 0..255 as a fraction.
    std::uint16_t fraction(std::size_t param) const { return widen(value(param)); }
};

struct Ring {
    std::uint32_t pos = 0;  ///< 1/256 LED from the centre
    std::uint16_t power = 0;
    std::uint16_t turn = 0;
};

struct PulseState {
    std::uint16_t env = 0;
    std::uint32_t wait = 0;
    std::uint32_t count = 0;
    Ring ring[4];
};

struct BloomState {
    Colour field[(kMaxStripLeds + 1) / 2];
};

/// The memory of the patterns that have one. All zero after a reset.
struct State {
    std::uint64_t done = 0;  ///< ticks carried out
    PulseState pulse;
    BloomState bloom;
};

/// One strip to draw: `leds` colours to write.
struct Canvas {
    std::uint32_t strip;
    std::uint32_t leds;
    Colour* out;
};

struct Pattern {
    const char* name;
    const Param* params;
    std::size_t param_count;
    bool audio_driven;
    void (*draw)(const Inputs& inputs, const State& state, const Canvas& canvas);
    /// Carries out tick number `tick`; nullptr for a pattern without a state. `reach` is the number
    /// of distances from the centre on the longest strip.
    void (*advance)(const Inputs& inputs, State& state, std::uint64_t tick, std::uint32_t reach);
};

/// Draws one frame over all strips of a profile; `linear` has room for all its LEDs. Advances the
/// state of patterns that have one (docs/reference/rendering.md, 6).
void render(const Pattern& pattern, const Inputs& inputs, const Profile& profile, State& state,
            Colour* linear);

}  // namespace hk
