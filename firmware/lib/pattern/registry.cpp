#include "pattern/registry.hpp"

#include <cstring>

namespace hk {

const Pattern* const kPatterns[] = {
    &kSolid, &kGradient, &kBreathe, &kComet,    &kChase, &kTwinkle,
    &kLava,  &kWave,     &kRainbow, &kSpectrum, &kPulse, &kBloom,
};

const std::size_t kPatternCount = sizeof(kPatterns) / sizeof(kPatterns[0]);

const Pattern* find_pattern(Bytes name) {
    for (const Pattern* pattern : kPatterns) {
        if (std::strlen(pattern->name) == name.size && std::memcmp(pattern->name, name.data, name.size) == 0) {
            return pattern;
        }
    }
    return nullptr;
}

}  // namespace hk
