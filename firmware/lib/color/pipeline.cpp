#include "color/pipeline.hpp"

#include <cstring>

#include "color/brightness.hpp"
#include "color/gamma.hpp"
#include "color/power.hpp"

namespace hk {

namespace {

// Fills the gamma stage; returns the sum of what it holds. 2^16 channels at full drive fit 32 bits.
std::uint32_t dim_and_correct(const Stages& stages, std::size_t channels, std::uint8_t brightness) {
    std::uint32_t sum = 0;
    const std::uint16_t* in = stages.linear;
    std::uint16_t* out = stages.gamma;
    for (const std::uint16_t* end = in + channels; in != end; ++in, ++out) {
        *out = gamma16(dim16(*in, brightness));
        sum += *out;
    }
    return sum;
}

// Fills the last two stages; returns the sum of the last. `factor` is below 65536.
std::uint32_t limit_and_round(const Stages& stages, std::size_t channels, std::uint32_t factor) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < channels; ++i) {
        const std::uint32_t limited = (stages.gamma[i] * factor) >> 16;
        const std::uint32_t value = limited / 257u;
        stages.limited[i] = static_cast<std::uint16_t>(limited);
        stages.frame[i] = static_cast<std::uint8_t>(value);
        sum += value;
    }
    return sum;
}

// Likewise for a factor of 65536, which leaves every value as it is.
std::uint32_t round_unlimited(const Stages& stages, std::size_t channels) {
    std::uint32_t sum = 0;
    std::memcpy(stages.limited, stages.gamma, channels * sizeof(*stages.gamma));
    for (std::size_t i = 0; i < channels; ++i) {
        const std::uint32_t value = stages.gamma[i] / 257u;
        stages.frame[i] = static_cast<std::uint8_t>(value);
        sum += value;
    }
    return sum;
}

}  // namespace

std::uint32_t run_pipeline(const Stages& stages, std::uint32_t leds, const OutputSettings& settings) {
    const std::size_t channels = std::size_t{leds} * 3;
    const std::uint32_t drive = dim_and_correct(stages, channels, settings.brightness);
    const std::uint32_t factor = power_factor(drive, leds, settings.limit_ma);
    const std::uint32_t sum =
        factor < 65536 ? limit_and_round(stages, channels, factor) : round_unlimited(stages, channels);
    return estimate_ma(sum, leds);
}

}  // namespace hk
