// The end of a program that went wrong: it says where, and starts anew.
#include "app/build_info.hpp"
#include "esp32c3/chip.hpp"
#include "esp32c3/interrupts.hpp"
#include "esp32c3/registers.hpp"
#include "esp32c3/uart_stream.hpp"

namespace hk::esp32c3 {
namespace {

constexpr const char* kCauses[] = {
    "Instruction address misaligned", "Instruction access fault", "Illegal instruction", "Breakpoint",
    "Load address misaligned", "Load access fault", "Store address misaligned", "Store access fault",
};

// In the order of the frame that start.S pushes, and padded as ESP-IDF prints them.
constexpr const char* kNames[] = {
    "RA  ", "SP  ", "GP  ", "TP  ", "T0  ", "T1  ", "T2  ", "S0/FP ", "S1  ", "A0  ", "A1  ",
    "A2  ", "A3  ", "A4  ", "A5  ", "A6  ", "A7  ", "S2  ", "S3  ", "S4  ", "S5  ", "S6  ",
    "S7  ", "S8  ", "S9  ", "S10 ", "S11 ", "T3  ", "T4  ", "T5  ", "T6  ",
};

constexpr std::size_t kEpc = 31;  // place of mepc in the frame
constexpr std::size_t kElfDigits = 16;

void say(const char* text) { UartStream::say(text); }

void say_register(const char* name, std::uint32_t value) {
    char text[] = ": 0x00000000  ";
    for (std::size_t i = 0; i < 8; ++i) {
        text[4 + i] = "0123456789abcdef"[value >> (28 - 4 * i) & 0xFu];
    }
    say(name);
    say(text);
}

void say_registers(const std::uint32_t* frame, std::uint32_t cause, std::uint32_t value) {
    say("Core  0 register dump:\r\n");
    say_register("MEPC    ", frame[kEpc]);
    for (std::size_t i = 0; i < kEpc; ++i) {
        say_register(kNames[i], frame[i]);
        say(i % 4 == 2 ? "\r\n" : "");
    }
    say_register("MCAUSE  ", cause);
    say_register("MTVAL   ", value);
    say("\r\n\r\n");
}

/// What a decoder finds the program by: the first digits of the build id, as in the image's description.
void say_program() {
    char digits[kElfDigits + 1] = {};
    for (std::size_t i = 0; i < kElfDigits && kBuildInfo.build[i] != '\0'; ++i) {
        digits[i] = kBuildInfo.build[i];
    }
    say("ELF file SHA256: ");
    say(digits);
    say("\r\n\r\nRebooting...\r\n");
}

}  // namespace
}  // namespace hk::esp32c3

extern "C" [[noreturn]] void hk_panic(const std::uint32_t* frame, std::uint32_t cause, std::uint32_t value) {
    using namespace hk::esp32c3;
    const char* name = cause < sizeof(kCauses) / sizeof(kCauses[0]) ? kCauses[cause] : "Unknown exception";
    say("\r\nGuru Meditation Error: Core  0 panic'ed (");
    say(name);
    say("). Exception was unhandled.\r\n\r\n");
    say_registers(frame, cause, value);
    say_program();
    reg(kRtcStore4) = kPanicMark;
    reset_chip();
}
