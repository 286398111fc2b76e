// Storage in memory that a restart leaves alone.
#pragma once

#include "esp32c3/registers.hpp"
#include "hal/storage.hpp"

namespace hk::esp32c3 {

/// Two slots in RTC fast memory, written in turn, each with a number and a CRC: the newest whole one
/// counts. It keeps through software resets, panics and deep sleep; on silicon not without power, and
/// not when EN is low. Writing the nvs partition needs the ROM's flash routines; see decision 0010.
class RetainedMemory final : public Storage {
public:
    bool available() const override { return true; }
    std::size_t read(std::uint8_t* out, std::size_t capacity) override;
    bool write(const std::uint8_t* data, std::size_t size) override;
};

}  // namespace hk::esp32c3
