#include "app/settings.hpp"

#include <cstring>

#include "app/parameters.hpp"
#include "link/crc32.hpp"
#include "pattern/registry.hpp"

namespace hk {
namespace {

constexpr std::uint8_t kMagic[4] = {'H', 'K', 'S', '1'};
constexpr std::size_t kHead = sizeof(kMagic) + 2;  // magic, length (u16 LE)
constexpr std::size_t kTail = 4;                   // CRC-32 (u32 LE) of the CBOR
constexpr std::size_t kMaxCbor = 506;
constexpr std::size_t kMaxRecord = kHead + kMaxCbor + kTail;

void put_le(std::uint8_t* out, std::uint32_t value, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) {
        out[i] = static_cast<std::uint8_t>(value >> (8 * i));
    }
}

std::uint32_t get_le(const std::uint8_t* in, std::size_t width) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < width; ++i) {
        value |= std::uint32_t{in[i]} << (8 * i);
    }
    return value;
}

// Reads [name, seed, {params}, brightness, limit, live, fps].
bool read_settings(CborReader& reader, Settings& settings) {
    std::size_t count = 0;
    Bytes name;
    Adjusted adjusted;
    std::uint32_t brightness = 0;
    if (!reader.list(count) || count != 7 || !reader.text(name)) {
        return false;
    }
    settings.pattern = find_pattern(name);
    if (settings.pattern == nullptr || !read_uint(reader, 0xFFFFFFFFu, settings.seed)) {
        return false;
    }
    fill_presets(*settings.pattern, settings.values);
    const bool ok = read_parameters(reader, *settings.pattern, settings.values, adjusted) &&
                    read_uint(reader, 255, brightness) &&
                    read_uint(reader, 0xFFFFFFFFu, settings.output.limit_ma) &&
                    reader.boolean(settings.live) && read_uint(reader, 0xFFFFFFFFu, settings.fps) &&
                    reader.end_list();
    settings.output.brightness = static_cast<std::uint8_t>(brightness);
    return ok;
}

void write_settings(CborWriter& writer, const Settings& settings) {
    writer.array(7);
    writer.text(settings.pattern->name);
    writer.uint(settings.seed);
    write_parameters(writer, *settings.pattern, settings.values);
    writer.uint(settings.output.brightness);
    writer.uint(settings.output.limit_ma);
    writer.boolean(settings.live);
    writer.uint(settings.fps);
}

}  // namespace

SettingsStore::Found SettingsStore::load(Settings& settings) {
    std::uint8_t record[kMaxRecord];
    const std::size_t size = storage_.read(record, sizeof(record));
    if (size < kHead + kTail || std::memcmp(record, kMagic, sizeof(kMagic)) != 0) {
        return Found::nothing;
    }
    const std::size_t cbor = get_le(record + sizeof(kMagic), 2);
    if (cbor > kMaxCbor || kHead + cbor + kTail > size ||
        crc32(record + kHead, cbor) != get_le(record + kHead + cbor, kTail)) {
        return Found::broken;
    }
    CborReader reader({record + kHead, cbor});
    std::size_t count = 0;
    if (!reader.list(count) || count != 2 || !read_uint(reader, 0xFFFFFFFFu, boots_)) {
        return Found::broken;
    }
    if (reader.null()) {
        return Found::boots_only;
    }
    Settings found;
    if (!read_settings(reader, found)) {
        return Found::broken;
    }
    saved_ = settings = found;
    has_saved_ = true;
    return Found::settings;
}

bool SettingsStore::count_boot() {
    ++boots_;
    return write();
}

bool SettingsStore::save(const Settings& settings) {
    saved_ = settings;
    has_saved_ = true;
    return write();
}

bool SettingsStore::write() {
    std::uint8_t record[kMaxRecord];
    CborWriter writer(record + kHead, kMaxCbor);
    writer.array(2);
    writer.uint(boots_);
    if (has_saved_) {
        write_settings(writer, saved_);
    } else {
        writer.null();
    }
    const std::size_t cbor = writer.size();
    std::memcpy(record, kMagic, sizeof(kMagic));
    put_le(record + sizeof(kMagic), static_cast<std::uint32_t>(cbor), 2);
    put_le(record + kHead + cbor, crc32(record + kHead, cbor), kTail);
    return writer.ok() && storage_.write(record, kHead + cbor + kTail);
}

}  // namespace hk
