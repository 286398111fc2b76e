// Storage in the file that stands for the nvs partition.
#pragma once

#include "hal/storage.hpp"

namespace hk::host {

/// Environment: HK_NVS_FILE. Without it nothing is kept, and available() says so.
class NvsFile final : public Storage {
public:
    void begin();

    bool available() const override { return path_ != nullptr; }
    std::size_t read(std::uint8_t* out, std::size_t capacity) override;
    bool write(const std::uint8_t* data, std::size_t size) override;

private:
    const char* path_ = nullptr;
};

}  // namespace hk::host
