#include "host/led_strips.hpp"

namespace hk::host {
namespace {

std::uint64_t duration_ns(const Waveform& waveform) {
    std::uint64_t ticks = 0;
    for (std::size_t i = 0; i < waveform.count; ++i) {
        ticks += (waveform.words[i] & 0x7FFFu) + (waveform.words[i] >> 16 & 0x7FFFu);
    }
    return ticks * waveform.tick_ns;
}

}  // namespace

void LedStrips::show(const Waveform* strips, std::size_t count) {
    std::uint64_t longest_ns = 0;
    for (std::size_t s = 0; s < count && s < kMaxStrips; ++s) {
        strips_[s].receive(strips[s]);
        const std::uint64_t ns = duration_ns(strips[s]);
        longest_ns = ns > longest_ns ? ns : longest_ns;
    }
    free_at_us_ = clock_.now_us() + (longest_ns + 999u) / 1000u;
}

std::uint32_t LedStrips::busy_us() {
    const std::uint64_t now = clock_.now_us();
    return now < free_at_us_ ? static_cast<std::uint32_t>(free_at_us_ - now) : 0;
}

Bytes LedStrips::latched(std::size_t strip) {
    return strip < kMaxStrips ? strips_[strip].latched() : Bytes{};
}

}  // namespace hk::host
