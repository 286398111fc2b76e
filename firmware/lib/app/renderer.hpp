// One frame at a time: pattern, pipeline, symbols, LEDs; and a view into each stage.
#pragma once

#include <cstddef>
#include <cstdint>

#include "app/workspace.hpp"
#include "color/pipeline.hpp"
#include "hal/bytes.hpp"
#include "hal/led_output.hpp"
#include "pattern/pattern.hpp"

namespace hk {

/// Where a frame can be looked at (link.cddl).
enum class Tap : std::uint8_t { linear = 0, gamma = 1, limited = 2, frame = 3, symbols = 4, wire = 5 };

inline constexpr std::uint32_t kTaps = 6;

class Renderer {
public:
    /// The workspace must be large enough for the profile.
    Renderer(const Profile& profile, const Workspace& workspace, LedOutput& output);

    /// Chooses what to draw; `values` has one entry for each parameter. Resets the state.
    void select(const Pattern& pattern, std::uint32_t seed, const std::int32_t* values);

    void set_output(const OutputSettings& settings) { settings_ = settings; }
    void set_audio(const Audio& audio) { inputs_.audio = audio; }

    /// State as after select().
    void reset_state() { state_ = State{}; }

    /// Draws the frame of `time_us`, up to the 8-bit stage. Nothing is sent yet.
    void render(std::uint64_t time_us);

    /// Makes the symbols of the last frame, once the LEDs have let go of those before.
    void encode();

    /// Starts sending the symbols that encode() made.
    void send();

    /// Makes the symbols and starts sending them.
    void present() {
        encode();
        send();
    }

    /// The bytes of a strip at a tap, of the last frame; empty if there is no such tap or strip.
    Bytes tap(Tap tap, std::size_t strip);

    /// CRC-32 over all strips of a tap.
    std::uint32_t crc(Tap tap);

    /// Estimated current of the last frame.
    std::uint32_t ma() const { return ma_; }

    /// Frames drawn since boot.
    std::uint32_t frames() const { return frames_; }

    const Profile& profile() const { return profile_; }
    const Pattern& pattern() const { return *pattern_; }
    const Inputs& inputs() const { return inputs_; }
    const OutputSettings& output() const { return settings_; }

private:
    std::uint32_t* words_of(std::size_t strip);

    const Profile& profile_;
    Workspace work_;
    LedOutput& leds_;
    const Pattern* pattern_;
    Inputs inputs_;
    State state_;
    OutputSettings settings_;
    std::uint32_t ma_ = 0;
    std::uint32_t frames_ = 0;
};

}  // namespace hk
