#include "link/cobs.hpp"

namespace hk {

void CobsEncoder::put(const std::uint8_t* data, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
        if (full_) {
            code_at_ = end_++;
            full_ = false;
        }
        if (data[i] == 0) {
            out_[code_at_] = static_cast<std::uint8_t>(end_ - code_at_);
            code_at_ = end_++;
            continue;
        }
        out_[end_++] = data[i];
        if (end_ - code_at_ == 0xFF) {
            out_[code_at_] = 0xFF;
            full_ = true;
        }
    }
}

std::size_t CobsEncoder::finish() {
    if (!full_) {
        out_[code_at_] = static_cast<std::uint8_t>(end_ - code_at_);
    }
    return end_;
}

std::size_t cobs_decode(std::uint8_t* chunk, std::size_t size) {
    std::size_t in = 0;
    std::size_t out = 0;
    while (in < size) {
        const std::size_t code = chunk[in++];
        if (code == 0 || code - 1 > size - in) {
            return kCobsBroken;
        }
        for (std::size_t i = 1; i < code; ++i) {
            if (chunk[in] == 0) {
                return kCobsBroken;
            }
            chunk[out++] = chunk[in++];
        }
        if (code != 0xFF && in < size) {
            chunk[out++] = 0;
        }
    }
    return out;
}

}  // namespace hk
