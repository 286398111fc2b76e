// What survives a reset: the number of boots, and what `save` was asked to keep.
#pragma once

#include <cstddef>
#include <cstdint>

#include "color/pipeline.hpp"
#include "hal/storage.hpp"
#include "pattern/pattern.hpp"

namespace hk {

/// What an operator sets; the app starts with it.
struct Settings {
    const Pattern* pattern = nullptr;
    std::uint32_t seed = 0;
    std::int32_t values[kMaxParams] = {};
    OutputSettings output;
    bool live = false;
    std::uint32_t fps = 0;
};

/// One record in storage: "HKS1", length, CBOR, CRC-32. Parameters are kept by name, so a firmware
/// with other parameters reads what it still knows.
class SettingsStore {
public:
    enum class Found : std::uint8_t { nothing, boots_only, settings, broken };

    explicit SettingsStore(Storage& storage) : storage_(storage) {}

    /// Reads storage; `settings` is changed only if they were found.
    Found load(Settings& settings);

    /// Counts this boot and writes it down; call after load().
    bool count_boot();

    /// Keeps `settings`; false if storage refuses.
    bool save(const Settings& settings);

    std::uint32_t boots() const { return boots_; }

private:
    bool write();

    Storage& storage_;
    std::uint32_t boots_ = 0;
    bool has_saved_ = false;
    Settings saved_;
};

}  // namespace hk
