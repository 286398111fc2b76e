// Storage in the nvs partition, as one blob.
#pragma once

#include "hal/led_output.hpp"
#include "hal/storage.hpp"

namespace hk::espidf {

/// While flash is written the chip cannot run code from it, the RMT's interrupt included. So the lines are
/// waited for before each write: a frame is never cut.
class NvsStorage final : public Storage {
public:
    explicit NvsStorage(LedOutput& leds) : leds_(leds) {}

    /// Opens the partition; one that cannot be read is erased and begun anew.
    void begin();

    bool available() const override { return open_; }
    std::size_t read(std::uint8_t* out, std::size_t capacity) override;
    bool write(const std::uint8_t* data, std::size_t size) override;

private:
    LedOutput& leds_;
    std::uint32_t handle_ = 0;  ///< an nvs_handle_t
    bool open_ = false;
};

}  // namespace hk::espidf
