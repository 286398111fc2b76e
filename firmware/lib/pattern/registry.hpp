// The patterns that this firmware has.
#pragma once

#include <cstddef>

#include "hal/bytes.hpp"
#include "pattern/pattern.hpp"

namespace hk {

extern const Pattern kSolid, kGradient, kBreathe, kComet, kChase, kTwinkle, kLava, kWave, kRainbow,
    kSpectrum, kPulse, kBloom;

/// In the order in which the link lists them.
extern const Pattern* const kPatterns[];
extern const std::size_t kPatternCount;

/// The pattern of that name, or nullptr.
const Pattern* find_pattern(Bytes name);

/// What runs where storage holds nothing else.
inline constexpr const Pattern* kFirstPattern = &kRainbow;

}  // namespace hk
