// WS2812 strips on the RMT: one transmit channel each, refilled half a block at a time.
#pragma once

#include "esp32c3/rmt_symbols.hpp"
#include "esp32c3/system_clock.hpp"
#include "esp32c3/wire_tap.hpp"
#include "hal/led_output.hpp"
#include "strip/profile.hpp"

namespace hk::esp32c3 {

/// The chip has two transmit channels of 48 words. While one half of a block is sent, the other is
/// filled: 24 words, the 30 us of one LED. An interrupt asks for it. What goes into the block is read
/// back from there for latched(): it is what the transmitter takes.
class RmtStrips final : public LedOutput {
public:
    explicit RmtStrips(SystemClock& clock) : clock_(clock) {}

    void begin(const Profile& profile);

    void show(const Waveform* strips, std::size_t count) override;
    void release() override;
    std::uint32_t busy_us() override;
    Bytes latched(std::size_t strip) override;

    /// What the RMT's interrupt calls.
    static void on_interrupt();

private:
    static constexpr std::size_t kChannels = 2;
    static constexpr std::uint32_t kBlock = 48;
    static constexpr std::uint32_t kHalf = kBlock / 2;

    struct Channel {
        const std::uint32_t* next = nullptr;
        const std::uint32_t* end = nullptr;  ///< next == end: all words are in the block or were
        std::uint32_t place = 0;             ///< in the block, where the next word goes
        bool marked = true;                  ///< the end mark is in the block
        bool done = true;                    ///< the transmitter came to it
        WireTap tap;
    };

    void start(std::size_t index);
    void fill(std::size_t index, std::uint32_t words);
    void serve();
    bool sending() const;

    SystemClock& clock_;
    Channel channels_[kChannels];
    std::uint64_t free_at_us_ = 0;
};

}  // namespace hk::esp32c3
