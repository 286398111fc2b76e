// Writes deterministic CBOR (RFC 8949 4.2.1) on top of zcbor.
#pragma once

#include <cstddef>
#include <cstdint>

#include <zcbor_encode.h>

#include "hal/bytes.hpp"

namespace hk {

/// Arrays and maps are given their length up front, map keys must come sorted. What does not fit
/// is not written and makes ok() false for good, so only the end needs a check.
class CborWriter {
public:
    CborWriter(std::uint8_t* out, std::size_t capacity);
    CborWriter(const CborWriter&) = delete;
    CborWriter& operator=(const CborWriter&) = delete;

    /// Forgets all that was written.
    void restart();

    void array(std::size_t count) { header(count, 0x80); }
    void map(std::size_t pairs) { header(pairs, 0xA0); }
    void uint(std::uint64_t value) { ok_ = ok_ && zcbor_uint64_put(state_, value); }
    void integer(std::int64_t value) { ok_ = ok_ && zcbor_int64_put(state_, value); }
    void boolean(bool value) { ok_ = ok_ && zcbor_bool_put(state_, value); }
    void null() { ok_ = ok_ && zcbor_nil_put(state_, nullptr); }
    void text(const char* terminated);
    void text(Bytes utf8);
    void bytes(Bytes value);

    bool ok() const { return ok_; }

    /// Bytes written so far.
    std::size_t size() const { return static_cast<std::size_t>(state_->payload - out_); }

private:
    void header(std::size_t count, std::uint8_t major);

    std::uint8_t* out_;
    std::size_t capacity_;
    zcbor_state_t state_[2];  // the writer itself and zcbor's constants; no backups are needed
    bool ok_ = true;
};

}  // namespace hk
