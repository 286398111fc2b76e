// The memory of one frame with all its stages.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pattern/colour.hpp"
#include "strip/profile.hpp"
#include "strip/timing.hpp"

namespace hk {

/// Buffers that somebody else owns, for up to `leds` LEDs over all strips. `linear` has room for one more,
/// where nothing may be drawn (see Renderer::render).
struct Workspace {
    Colour* linear;
    std::uint16_t* gamma;
    std::uint16_t* limited;
    std::uint8_t* frame;
    std::uint32_t* words;
    std::uint32_t leds;
};

/// Room for `Leds` LEDs; made once, by main().
template <std::uint32_t Leds>
class WorkspaceMemory {
public:
    Workspace view() { return {linear_, gamma_, limited_, frame_, words_, Leds}; }

private:
    Colour linear_[Leds + 1];
    std::uint16_t gamma_[Leds * 3] = {};
    std::uint16_t limited_[Leds * 3] = {};
    std::uint8_t frame_[Leds * 3] = {};
    std::uint32_t words_[Leds * kBitsPerLed + kMaxStrips] = {};
};

}  // namespace hk
