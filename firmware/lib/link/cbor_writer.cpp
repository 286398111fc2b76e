#include "link/cbor_writer.hpp"

#include <cstring>

namespace hk {

CborWriter::CborWriter(std::uint8_t* out, std::size_t capacity) : out_(out), capacity_(capacity) {
    restart();
}

void CborWriter::restart() {
    zcbor_new_encode_state(state_, 2, out_, capacity_, 0);
    ok_ = true;
}

void CborWriter::text(const char* terminated) {
    text({reinterpret_cast<const std::uint8_t*>(terminated), std::strlen(terminated)});
}

void CborWriter::text(Bytes utf8) {
    ok_ = ok_ && zcbor_tstr_encode_ptr(state_, reinterpret_cast<const char*>(utf8.data), utf8.size);
}

void CborWriter::bytes(Bytes value) {
    ok_ = ok_ && zcbor_bstr_encode_ptr(state_, reinterpret_cast<const char*>(value.data), value.size);
}

// zcbor writes definite lengths only when it is compiled with ZCBOR_CANONICAL, and then by moving
// the content afterwards. The lengths are known here: the head of an array or a map is that of an
// unsigned integer with another major type.
void CborWriter::header(std::size_t count, std::uint8_t major) {
    std::uint8_t* head = state_->payload_mut;
    uint(count);
    if (ok_) {
        *head = static_cast<std::uint8_t>(*head | major);
    }
}

}  // namespace hk
