#include "esp32c3/interrupts.hpp"

#include "esp32c3/rmt_strips.hpp"

namespace hk::esp32c3 {
namespace {

void open_line(std::uint32_t line) {
    reg(kMatrixPriority + 4 * line) = 1;
    reg(kMatrixType) = reg(kMatrixType) & ~(1u << line);  // by level
    reg(kMatrixEnable) = reg(kMatrixEnable) | 1u << line;
}

}  // namespace

void route_interrupts() {
    reg(kMatrix + 4 * kSourceUart0) = kLineWake;
    reg(kMatrix + 4 * kSourceSysTimer0) = kLineWake;
    reg(kMatrix + 4 * kSourceRmt) = kLineRmt;
    reg(kMatrixThreshold) = 1;
    open_line(kLineWake);
    open_line(kLineRmt);
}

}  // namespace hk::esp32c3

// Wake-ups have their sources enabled only while interrupts are masked, so what comes in is the RMT.
extern "C" void hk_interrupt() { hk::esp32c3::RmtStrips::on_interrupt(); }
