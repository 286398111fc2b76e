// What the chip tells about itself.
#pragma once

#include "hal/system.hpp"

namespace hk::espidf {

class Chip final : public System {
public:
    /// Takes the calling task under the task watchdog: it must call feed() from now on.
    void begin();

    /// Tells the task watchdog that the loop goes round.
    static void feed();

    const char* reset_reason() const override;
    std::uint32_t random() override;
    Mac mac() const override;
    std::size_t heap_min() override;
    std::uint32_t allocations() override;
    std::size_t stack_free() override;
    const char* port() const override { return "espidf"; }
    void reboot() override;
};

}  // namespace hk::espidf
