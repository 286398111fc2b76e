#include "link/cbor_reader.hpp"

#include <cstring>

namespace hk {

CborReader::CborReader(Bytes cbor) {
    zcbor_new_decode_state(state_, kDepth + 2, cbor.data, cbor.size, 1, nullptr, 0);
    state_->constant_state->enforce_canonical = true;
}

bool CborReader::list(std::size_t& count) {
    if (!zcbor_list_start_decode(state_)) {
        return false;
    }
    count = state_->elem_count;
    return true;
}

bool CborReader::map(std::size_t& pairs) {
    if (!zcbor_map_start_decode(state_)) {
        return false;
    }
    pairs = state_->elem_count / 2;
    return true;
}

bool CborReader::text(Bytes& value) {
    zcbor_string string{};
    if (!zcbor_tstr_decode(state_, &string)) {
        return false;
    }
    value = {string.value, string.len};
    return true;
}

bool CborReader::bytes(Bytes& value) {
    zcbor_string string{};
    if (!zcbor_bstr_decode(state_, &string)) {
        return false;
    }
    value = {string.value, string.len};
    return true;
}

bool read_uint(CborReader& reader, std::uint64_t most, std::uint32_t& value) {
    std::uint64_t wide = 0;
    if (!reader.uint(wide) || wide > most) {
        return false;
    }
    value = static_cast<std::uint32_t>(wide);
    return true;
}

bool same_text(Bytes text, const char* terminated) {
    return std::strlen(terminated) == text.size && std::memcmp(text.data, terminated, text.size) == 0;
}

}  // namespace hk
