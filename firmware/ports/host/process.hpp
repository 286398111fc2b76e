// The process in the role of the chip.
#pragma once

#include "hal/system.hpp"
#include "host/heap.hpp"
#include "host/painted_stack.hpp"

namespace hk::host {

/// Environment: HK_RESET_REASON (a word of link.cddl) and HK_MAC ("aa:bb:cc:dd:ee:ff").
class Process final : public System {
public:
    void begin();

    const char* reset_reason() const override { return reset_reason_; }
    std::uint32_t random() override;
    Mac mac() const override { return mac_; }
    std::size_t heap_min() override { return heap().least_free(); }
    std::uint32_t allocations() override { return heap().taken(); }
    std::size_t stack_free() override { return stack_.untouched(); }
    const char* port() const override { return "host"; }
    /// Exits with 82 (0x52), which asks whoever started the process to start it again.
    void reboot() override;

private:
    const char* reset_reason_ = "power-on";
    Mac mac_ = {{0x02, 0, 0, 0, 0, 0}};
    PaintedStack stack_;
};

}  // namespace hk::host
