#include "espidf/nvs_storage.hpp"

#include "esp_err.h"
#include "nvs.h"
#include "nvs_flash.h"

namespace hk::espidf {
namespace {

constexpr char kSpace[] = "hostkit";
constexpr char kKey[] = "settings";

}  // namespace

// API reference, "Non-Volatile Storage Library", of this and all calls here.
void NvsStorage::begin() {
    esp_err_t result = nvs_flash_init();
    if (result == ESP_ERR_NVS_NO_FREE_PAGES || result == ESP_ERR_NVS_NEW_VERSION_FOUND) {
        ESP_ERROR_CHECK(nvs_flash_erase());
        result = nvs_flash_init();
    }
    nvs_handle_t handle = 0;
    open_ = result == ESP_OK && nvs_open(kSpace, NVS_READWRITE, &handle) == ESP_OK;
    handle_ = handle;
}

std::size_t NvsStorage::read(std::uint8_t* out, std::size_t capacity) {
    std::size_t size = capacity;  // a blob that is larger is refused; none of ours ever was
    return open_ && nvs_get_blob(handle_, kKey, out, &size) == ESP_OK ? size : 0;
}

bool NvsStorage::write(const std::uint8_t* data, std::size_t size) {
    leds_.release();
    return open_ && nvs_set_blob(handle_, kKey, data, size) == ESP_OK && nvs_commit(handle_) == ESP_OK;
}

}  // namespace hk::espidf
