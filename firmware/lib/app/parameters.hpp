// The parameters of a pattern as they travel over the link and into storage.
#pragma once

#include <cstddef>
#include <cstdint>

#include "link/cbor_reader.hpp"
#include "link/cbor_writer.hpp"
#include "pattern/pattern.hpp"

namespace hk {

/// Names that did not go through as asked: out of range, or unknown.
struct Adjusted {
    static constexpr std::size_t kMost = 24;

    struct Entry {
        Bytes name;
        bool unknown;
    };

    Entry entries[kMost];
    std::size_t count = 0;
};

/// The default of every parameter.
void fill_presets(const Pattern& pattern, std::int32_t* values);

/// Reads {* name => int} over `values`, clamping each. False for another shape, for a name that is
/// not 1..16 printable characters, and for more than Adjusted::kMost names.
bool read_parameters(CborReader& reader, const Pattern& pattern, std::int32_t* values, Adjusted& adjusted);

/// Writes {* name => int}, keys sorted as deterministic CBOR wants them.
void write_parameters(CborWriter& writer, const Pattern& pattern, const std::int32_t* values);

/// Writes [* name], unknown names with "?" in front.
void write_adjusted(CborWriter& writer, const Adjusted& adjusted);

/// Writes [name, audio-driven, [* [param, type, min, max, default, unit]]].
void write_description(CborWriter& writer, const Pattern& pattern);

}  // namespace hk
