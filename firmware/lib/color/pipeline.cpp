#include "color/pipeline.hpp"

#include "color/brightness.hpp"
#include "color/gamma.hpp"
#include "color/power.hpp"

namespace hk {

std::uint32_t run_pipeline(const Stages& stages, std::uint32_t leds, const OutputSettings& settings) {
    const std::size_t channels = std::size_t{leds} * 3;
    std::uint64_t drive_sum = 0;
    for (std::size_t i = 0; i < channels; ++i) {
        stages.gamma[i] = gamma16(dim16(stages.linear[i], settings.brightness));
        drive_sum += stages.gamma[i];
    }
    // A factor of 65536 leaves every value as it is, so there is one path for both cases.
    const std::uint64_t factor = power_factor(drive_sum, leds, settings.limit_ma);
    std::uint64_t frame_sum = 0;
    for (std::size_t i = 0; i < channels; ++i) {
        stages.limited[i] = static_cast<std::uint16_t>((stages.gamma[i] * factor) >> 16);
        stages.frame[i] = static_cast<std::uint8_t>(stages.limited[i] / 257u);
        frame_sum += stages.frame[i];
    }
    return estimate_ma(frame_sum, leds);
}

}  // namespace hk
