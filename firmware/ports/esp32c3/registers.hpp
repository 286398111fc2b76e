// Registers of the ESP32-C3 that this port touches, by the names of the Technical Reference Manual 1.1.
#pragma once

#include <cstdint>

namespace hk::esp32c3 {

inline volatile std::uint32_t& reg(std::uint32_t address) {
    return *reinterpret_cast<volatile std::uint32_t*>(address);
}

/// UART0 (chapter 26).
inline constexpr std::uint32_t kUartFifo = 0x60000000;
inline constexpr std::uint32_t kUartIntEna = 0x6000000C;
inline constexpr std::uint32_t kUartIntClr = 0x60000010;
inline constexpr std::uint32_t kUartClkDiv = 0x60000014;  ///< bits 0-11 whole, 20-23 sixteenths
inline constexpr std::uint32_t kUartStatus = 0x6000001C;  ///< bits 0-9 received, 16-25 to be sent
inline constexpr std::uint32_t kUartConf1 = 0x60000024;   ///< bits 0-8 RX full, 9-17 TX empty threshold
inline constexpr std::uint32_t kUartClkConf = 0x60000078;
inline constexpr std::uint32_t kUartRxFull = 1u << 0;
inline constexpr std::uint32_t kUartTxEmpty = 1u << 1;
inline constexpr std::uint32_t kUartFifoSize = 128;

/// RTC control (chapter 9): resets, watchdogs, words that survive all but the loss of power.
inline constexpr std::uint32_t kRtcOptions0 = 0x60008000;
inline constexpr std::uint32_t kRtcSystemReset = 1u << 31;
inline constexpr std::uint32_t kRtcResetState = 0x60008038;  ///< bits 0-5: the cause
inline constexpr std::uint32_t kRtcStore4 = 0x600080B8;
inline constexpr std::uint32_t kRtcWdtConfig0 = 0x60008090;
inline constexpr std::uint32_t kRtcWdtProtect = 0x600080A8;
inline constexpr std::uint32_t kRtcSwdConf = 0x600080AC;
inline constexpr std::uint32_t kRtcSwdProtect = 0x600080B0;
inline constexpr std::uint32_t kRtcFastMemory = 0x50000000;
inline constexpr std::uint32_t kRtcFastSize = 0x2000;

/// eFuse (chapter 4): the MAC address, last four bytes and first two.
inline constexpr std::uint32_t kEfuseMac0 = 0x60008844;
inline constexpr std::uint32_t kEfuseMac1 = 0x60008848;

/// GPIO matrix and pads (chapter 5).
inline constexpr std::uint32_t kGpioEnableSet = 0x60004024;
inline constexpr std::uint32_t kGpioOutSelect = 0x60004554;  ///< + 4 * pin
inline constexpr std::uint32_t kIoMux = 0x60009004;          ///< + 4 * pin

/// RMT (chapter 33).
inline constexpr std::uint32_t kRmtTxConf0 = 0x60016010;  ///< + 4 * channel
inline constexpr std::uint32_t kRmtIntRaw = 0x60016038;
inline constexpr std::uint32_t kRmtIntEna = 0x60016040;
inline constexpr std::uint32_t kRmtIntClr = 0x60016044;
inline constexpr std::uint32_t kRmtTxLimit = 0x60016058;  ///< + 4 * channel
inline constexpr std::uint32_t kRmtSysConf = 0x60016068;
inline constexpr std::uint32_t kRmtMemory = 0x60016400;   ///< 48 words a channel

/// Timer groups (chapter 11): only their watchdogs.
inline constexpr std::uint32_t kTimerGroup0Wdt = 0x6001F048;
inline constexpr std::uint32_t kTimerGroup0Protect = 0x6001F064;

/// System timer (chapter 10): 16 MHz whatever the CPU does.
inline constexpr std::uint32_t kSysTimerConf = 0x60023000;
inline constexpr std::uint32_t kSysTimerTarget0WorkEn = 1u << 24;
inline constexpr std::uint32_t kSysTimerUnit0Op = 0x60023004;
inline constexpr std::uint32_t kSysTimerUpdate = 1u << 30;
inline constexpr std::uint32_t kSysTimerValid = 1u << 29;
inline constexpr std::uint32_t kSysTimerTarget0Hi = 0x6002301C;
inline constexpr std::uint32_t kSysTimerTarget0Lo = 0x60023020;
inline constexpr std::uint32_t kSysTimerTarget0Conf = 0x60023034;
inline constexpr std::uint32_t kSysTimerUnit0Hi = 0x60023040;
inline constexpr std::uint32_t kSysTimerUnit0Lo = 0x60023044;
inline constexpr std::uint32_t kSysTimerComp0Load = 0x60023050;
inline constexpr std::uint32_t kSysTimerIntEna = 0x60023064;
inline constexpr std::uint32_t kSysTimerIntClr = 0x6002306C;

/// Random numbers (chapter 24).
inline constexpr std::uint32_t kRandom = 0x600260B0;

/// System registers (chapter 16): clocks and resets of the peripherals.
inline constexpr std::uint32_t kSystemClockEnable0 = 0x600C0010;
inline constexpr std::uint32_t kSystemReset0 = 0x600C0018;
inline constexpr std::uint32_t kSystemRmt = 1u << 9;

/// Interrupt matrix (chapter 8).
inline constexpr std::uint32_t kMatrix = 0x600C2000;  ///< + 4 * source: the CPU's line
inline constexpr std::uint32_t kMatrixEnable = 0x600C2104;
inline constexpr std::uint32_t kMatrixType = 0x600C2108;
inline constexpr std::uint32_t kMatrixPriority = 0x600C2114;  ///< + 4 * line
inline constexpr std::uint32_t kMatrixThreshold = 0x600C2194;
inline constexpr std::uint32_t kSourceUart0 = 21;
inline constexpr std::uint32_t kSourceRmt = 28;
inline constexpr std::uint32_t kSourceSysTimer0 = 37;

}  // namespace hk::esp32c3
