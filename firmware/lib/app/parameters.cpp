#include "app/parameters.hpp"

#include <cstring>

namespace hk {
namespace {

constexpr std::size_t kMaxName = 16;

bool is_name(Bytes text) {
    if (text.size == 0 || text.size > kMaxName) {
        return false;
    }
    for (std::size_t i = 0; i < text.size; ++i) {
        if (text.data[i] <= 0x20 || text.data[i] >= 0x7F) {
            return false;
        }
    }
    return true;
}

// The index of the parameter, or param_count.
std::size_t find_param(const Pattern& pattern, Bytes name) {
    std::size_t i = 0;
    while (i < pattern.param_count && !same_text(name, pattern.params[i].name)) {
        ++i;
    }
    return i;
}

// Deterministic CBOR sorts keys by their encoding: shorter first, then byte by byte.
bool comes_before(const char* a, const char* b) {
    const std::size_t length_a = std::strlen(a);
    const std::size_t length_b = std::strlen(b);
    return length_a != length_b ? length_a < length_b : std::strcmp(a, b) < 0;
}

// Takes one value; true if it is now as asked.
bool take(const Pattern& pattern, Bytes name, std::int64_t value, std::int32_t* values, bool& unknown) {
    const std::size_t i = find_param(pattern, name);
    unknown = i == pattern.param_count;
    if (unknown) {
        return false;
    }
    const Param& param = pattern.params[i];
    const std::int64_t clamped = value < param.min ? param.min : value > param.max ? param.max : value;
    values[i] = static_cast<std::int32_t>(clamped);
    return clamped == value;
}

}  // namespace

void fill_presets(const Pattern& pattern, std::int32_t* values) {
    for (std::size_t i = 0; i < pattern.param_count; ++i) {
        values[i] = pattern.params[i].preset;
    }
}

bool read_parameters(CborReader& reader, const Pattern& pattern, std::int32_t* values, Adjusted& adjusted) {
    std::size_t pairs = 0;
    if (!reader.map(pairs) || pairs > Adjusted::kMost) {
        return false;
    }
    for (std::size_t i = 0; i < pairs; ++i) {
        Bytes name;
        std::int64_t value = 0;
        bool unknown = false;
        if (!reader.text(name) || !is_name(name) || !reader.integer(value)) {
            return false;
        }
        if (!take(pattern, name, value, values, unknown)) {
            adjusted.entries[adjusted.count++] = {name, unknown};
        }
    }
    return reader.end_map();
}

void write_parameters(CborWriter& writer, const Pattern& pattern, const std::int32_t* values) {
    writer.map(pattern.param_count);
    const char* last = "";
    for (std::size_t n = 0; n < pattern.param_count; ++n) {
        std::size_t next = pattern.param_count;
        for (std::size_t i = 0; i < pattern.param_count; ++i) {
            const char* name = pattern.params[i].name;
            if (comes_before(last, name) &&
                (next == pattern.param_count || comes_before(name, pattern.params[next].name))) {
                next = i;
            }
        }
        last = pattern.params[next].name;
        writer.text(last);
        writer.integer(values[next]);
    }
}

void write_adjusted(CborWriter& writer, const Adjusted& adjusted) {
    writer.array(adjusted.count);
    for (std::size_t i = 0; i < adjusted.count; ++i) {
        const Adjusted::Entry& entry = adjusted.entries[i];
        if (!entry.unknown) {
            writer.text(entry.name);
            continue;
        }
        std::uint8_t marked[kMaxName + 1] = {'?'};
        std::memcpy(marked + 1, entry.name.data, entry.name.size);
        writer.text({marked, entry.name.size + 1});
    }
}

void write_description(CborWriter& writer, const Pattern& pattern) {
    writer.array(3);
    writer.text(pattern.name);
    writer.boolean(pattern.audio_driven);
    writer.array(pattern.param_count);
    for (std::size_t i = 0; i < pattern.param_count; ++i) {
        const Param& param = pattern.params[i];
        writer.array(6);
        writer.text(param.name);
        writer.uint(static_cast<std::uint64_t>(param.type));
        writer.integer(param.min);
        writer.integer(param.max);
        writer.integer(param.preset);
        writer.text(param.unit);
    }
}

}  // namespace hk
