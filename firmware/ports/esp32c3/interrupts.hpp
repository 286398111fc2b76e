// The CPU's interrupts: which source goes to which line, and when they are let in.
#pragma once

#include "esp32c3/registers.hpp"

namespace hk::esp32c3 {

/// Lines of the CPU. Neither is one of 3, 7 and 11, which RISC-V means for other things.
inline constexpr std::uint32_t kLineWake = 1;  ///< UART and timer: they end a wait, nothing is handled
inline constexpr std::uint32_t kLineRmt = 2;

/// Sends the sources of this port to their lines; none is let in before unmask().
void route_interrupts();

inline void mask() { __asm__ volatile("csrci mstatus, 8" ::: "memory"); }
inline void unmask() { __asm__ volatile("csrsi mstatus, 8" ::: "memory"); }

/// Sleeps until a line is raised, masked or not.
inline void wait_for_interrupt() { __asm__ volatile("wfi" ::: "memory"); }

/// While one exists, no interrupt is handled.
class Masked {
public:
    Masked() { mask(); }
    ~Masked() { unmask(); }
    Masked(const Masked&) = delete;
    Masked& operator=(const Masked&) = delete;
};

}  // namespace hk::esp32c3
