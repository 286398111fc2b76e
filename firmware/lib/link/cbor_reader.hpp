// Reads CBOR on top of zcbor, strictly.
#pragma once

#include <cstddef>
#include <cstdint>

#include <zcbor_decode.h>

#include "hal/bytes.hpp"

namespace hk {

/// Each call takes the next item if it has the wanted type, and answers false if not (the reader
/// then stays where it was). Lists and maps must be left with end_list() and end_map(); those are
/// false if items are left over. The bytes must outlive the reader and what it hands out.
class CborReader {
public:
    explicit CborReader(Bytes cbor);
    CborReader(const CborReader&) = delete;
    CborReader& operator=(const CborReader&) = delete;

    bool list(std::size_t& count);
    bool end_list() { return zcbor_list_end_decode(state_); }
    bool map(std::size_t& pairs);
    bool end_map() { return zcbor_map_end_decode(state_); }
    bool uint(std::uint64_t& value) { return zcbor_uint64_decode(state_, &value); }
    bool integer(std::int64_t& value) { return zcbor_int64_decode(state_, &value); }
    bool text(Bytes& value);
    bool bytes(Bytes& value);
    bool boolean(bool& value) { return zcbor_bool_decode(state_, &value); }
    bool null() { return zcbor_nil_expect(state_, nullptr); }

private:
    static constexpr std::size_t kDepth = 5;  // message > args > map, and room

    zcbor_state_t state_[kDepth + 2];
};

/// Reads an unsigned integer of at most `most`; false for anything else.
bool read_uint(CborReader& reader, std::uint64_t most, std::uint32_t& value);

/// True if `text` is exactly the characters of `terminated`.
bool same_text(Bytes text, const char* terminated);

}  // namespace hk
