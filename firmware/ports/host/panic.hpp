// The end of a process that goes wrong: it says where, as a chip does.
#pragma once

namespace hk::host {

/// Catches the signals that a fault of the program brings, writes text to the UART (standard output) in the
/// words of ESP-IDF's panic handler, and ends with exit code 83 (0x53): "panicked, and has said so".
///
///     Guru Meditation Error: Core  0 panic'ed (StoreProhibited). Exception was unhandled.
///
///     Core  0 register dump:
///     PC      : 0x0000000001009c34  SP      : 0x00007ffd3f4ac2d0  ADDRESS : 0x0000000000000000
///
///     Backtrace: 0x0000000001009c34:0x00007ffd3f4ac2d0 0x000000000100a0b1:0x00007ffd3f4ac2f0
///
///     ELF file SHA256: 0123456789abcdef
///
///     Rebooting...
///
/// Addresses are those of the ELF file, wherever the program was loaded; those of calls lie inside the call.
/// SHA256 has the first digits of the build id, as in the image's esp_app_desc_t. ADDRESS is the memory
/// that was accessed.
class Panic {
public:
    /// `build` must stay. To be called from main: the backtrace ends there.
    static void begin(const char* build);
};

}  // namespace hk::host
