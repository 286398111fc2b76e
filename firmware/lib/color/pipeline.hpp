// From what a pattern drew to the bytes that are sent, with every stage kept for inspection.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hk {

/// The stages of one frame, R, G, B per LED, all strips one after the other.
struct Stages {
    const std::uint16_t* linear;
    std::uint16_t* gamma;
    std::uint16_t* limited;
    std::uint8_t* frame;
};

struct OutputSettings {
    std::uint8_t brightness = 96;
    std::uint32_t limit_ma = 2000;  ///< 0: no limit
};

/// Fills gamma, limited and frame of `leds` LEDs from linear (docs/reference/rendering.md, 7).
/// Returns the estimated current in mA.
std::uint32_t run_pipeline(const Stages& stages, std::uint32_t leds, const OutputSettings& settings);

}  // namespace hk
