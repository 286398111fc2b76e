// Board profiles: how many strips, how long, on which pins.
#pragma once

#include <cstddef>
#include <cstdint>

#include "strip/order.hpp"

namespace hk {

inline constexpr std::size_t kMaxStrips = 4;
inline constexpr std::uint32_t kMaxStripLeds = 1024;

struct StripProfile {
    std::uint8_t gpio;
    std::uint16_t leds;  ///< 1..kMaxStripLeds
    ColourOrder order;
};

struct Profile {
    const char* name;
    std::uint8_t strip_count;
    StripProfile strips[kMaxStrips];

    /// LEDs of all strips together.
    constexpr std::uint32_t leds() const { return leds_before(strip_count); }

    /// LEDs of the strips that come before strip `s`: where it starts in a frame.
    constexpr std::uint32_t leds_before(std::size_t s) const {
        std::uint32_t sum = 0;
        for (std::size_t i = 0; i < s; ++i) {
            sum += strips[i].leds;
        }
        return sum;
    }

    /// LEDs of the longest strip, which sets the frame rate as all strips are sent at once.
    constexpr std::uint32_t longest() const {
        std::uint32_t most = 0;
        for (std::size_t i = 0; i < strip_count; ++i) {
            most = strips[i].leds > most ? strips[i].leds : most;
        }
        return most;
    }
};

inline constexpr Profile kProfiles[] = {
    {"dual-160", 2, {{5, 160, kWireOrder}, {4, 160, kWireOrder}}},
    {"single-60", 1, {{5, 60, kWireOrder}}},
};

inline constexpr std::size_t kProfileCount = sizeof(kProfiles) / sizeof(kProfiles[0]);

/// The place in the table of the profile of that name, or kProfileCount.
constexpr std::size_t profile_index(const char* name) {
    for (std::size_t p = 0; p < kProfileCount; ++p) {
        std::size_t i = 0;
        while (kProfiles[p].name[i] != '\0' && kProfiles[p].name[i] == name[i]) {
            ++i;
        }
        if (kProfiles[p].name[i] == name[i]) {
            return p;
        }
    }
    return kProfileCount;
}

/// What a buffer must hold so that any profile of the table fits.
constexpr std::uint32_t most_leds() {
    std::uint32_t most = 0;
    for (const Profile& profile : kProfiles) {
        most = profile.leds() > most ? profile.leds() : most;
    }
    return most;
}

}  // namespace hk
