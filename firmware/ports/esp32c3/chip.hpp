// What only the chip can tell or do.
#pragma once

#include "hal/system.hpp"

namespace hk::esp32c3 {

/// Left in a register that a restart leaves alone, so that the next boot knows that this one panicked.
inline constexpr std::uint32_t kPanicMark = 0x50414E43;

/// Restarts the chip: digital core, not the RTC.
[[noreturn]] void reset_chip();

class Chip final : public System {
public:
    /// Reads why the chip started, and forgets it.
    void begin();

    const char* reset_reason() const override { return reset_reason_; }
    std::uint32_t random() override;
    Mac mac() const override;
    /// 0: there is no heap. What takes from one does not link.
    std::size_t heap_min() override { return 0; }
    std::uint32_t allocations() override { return 0; }
    /// What was never used since boot.
    std::size_t stack_free() override;
    const char* port() const override { return "esp32c3"; }
    void reboot() override { reset_chip(); }

private:
    const char* reset_reason_ = "unknown";
};

}  // namespace hk::esp32c3
