#include "color/pipeline.hpp"

#include "color/brightness.hpp"
#include "color/gamma.hpp"
#include "color/power.hpp"

namespace hk {
namespace {

constexpr std::size_t kChannels = 3;

/// Sums over all channels; 2^16 of them at full drive fit 32 bits.
struct Sums {
    std::uint32_t drive = 0;  ///< of the gamma stage
    std::uint32_t frame = 0;  ///< of the last stage
};

/// One LED after gamma correction.
struct Corrected {
    std::uint16_t gamma[kChannels];
    std::uint8_t value[kChannels];
    Sums sums;
};

Corrected correct(const std::uint16_t* linear, std::uint8_t brightness) {
    Corrected led{};
    for (std::size_t c = 0; c < kChannels; ++c) {
        const std::uint32_t drive = gamma16(dim16(linear[c], brightness));
        const std::uint32_t value = drive / 257u;
        led.gamma[c] = static_cast<std::uint16_t>(drive);
        led.value[c] = static_cast<std::uint8_t>(value);
        led.sums.drive += drive;
        led.sums.frame += value;
    }
    return led;
}

// Fills all stages as they are without a limit. LEDs often have the colour of the one before.
Sums correct_all(const Stages& stages, std::uint32_t leds, std::uint8_t brightness) {
    Sums sums;
    Corrected led{};
    const std::uint16_t* in = stages.linear;
    std::uint16_t* gamma = stages.gamma;
    std::uint16_t* limited = stages.limited;
    std::uint8_t* frame = stages.frame;
    for (const std::uint16_t* end = in + std::size_t{leds} * kChannels; in != end; in += kChannels) {
        const bool first = in == stages.linear;
        if (first || in[0] != in[-3] || in[1] != in[-2] || in[2] != in[-1]) {
            led = correct(in, brightness);
        }
        for (std::size_t c = 0; c < kChannels; ++c) {
            gamma[c] = limited[c] = led.gamma[c];
            frame[c] = led.value[c];
        }
        sums.drive += led.sums.drive;
        sums.frame += led.sums.frame;
        gamma += kChannels;
        limited += kChannels;
        frame += kChannels;
    }
    return sums;
}

// Fills the last two stages again; returns the sum of the last. `factor` is below 65536.
std::uint32_t limit_all(const Stages& stages, std::uint32_t leds, std::uint32_t factor) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < std::size_t{leds} * kChannels; ++i) {
        const std::uint32_t limited = (stages.gamma[i] * factor) >> 16;
        const std::uint32_t value = limited / 257u;
        stages.limited[i] = static_cast<std::uint16_t>(limited);
        stages.frame[i] = static_cast<std::uint8_t>(value);
        sum += value;
    }
    return sum;
}

}  // namespace

std::uint32_t run_pipeline(const Stages& stages, std::uint32_t leds, const OutputSettings& settings) {
    const Sums sums = correct_all(stages, leds, settings.brightness);
    const std::uint32_t factor = power_factor(sums.drive, leds, settings.limit_ma);
    return estimate_ma(factor < 65536 ? limit_all(stages, leds, factor) : sums.frame, leds);
}

}  // namespace hk
