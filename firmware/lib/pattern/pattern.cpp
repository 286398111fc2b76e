#include "pattern/pattern.hpp"

#include "pattern/centre.hpp"

namespace hk {
namespace {

constexpr std::uint64_t kTickUs = 8000;
constexpr std::uint64_t kMostTicks = 1024;  // 8.192 s: how much of a jump in time is played

void catch_up(const Pattern& pattern, const Inputs& inputs, std::uint32_t reach, State& state) {
    const std::uint64_t target = inputs.time_us / kTickUs;
    if (target < state.done) {
        state = State{};
    }
    if (target - state.done > kMostTicks) {
        state = State{};
        state.done = target - kMostTicks;
    }
    while (state.done < target) {
        ++state.done;
        pattern.advance(inputs, state, state.done, reach);
    }
}

}  // namespace

void render(const Pattern& pattern, const Inputs& inputs, const Profile& profile, State& state,
            Colour* linear) {
    if (pattern.advance != nullptr) {
        catch_up(pattern, inputs, distances(profile.longest()), state);
    }
    for (std::uint32_t s = 0; s < profile.strip_count; ++s) {
        const std::uint32_t leds = profile.strips[s].leds;
        pattern.draw(inputs, state, {s, leds, linear});
        linear += leds;
    }
}

}  // namespace hk
