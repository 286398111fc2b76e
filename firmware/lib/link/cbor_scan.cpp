#include "link/cbor_scan.hpp"

namespace hk {
namespace {

constexpr std::size_t kMaxDepth = 8;

struct Head {
    std::uint8_t major;
    std::uint64_t value;
    bool ok;
};

// Reads the head of an item: one byte, and the 1, 2, 4 or 8 that it announces.
Head read_head(Bytes item, std::size_t& at) {
    const std::uint8_t first = item.data[at++];
    const std::uint8_t major = first >> 5;
    const std::uint8_t info = first & 0x1F;
    if (info < 24) {
        return {major, info, true};
    }
    if (info > 27) {
        return {major, 0, false};
    }
    const std::size_t width = std::size_t{1} << (info - 24);
    if (width > item.size - at) {
        return {major, 0, false};
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i) {
        value = value << 8 | item.data[at++];
    }
    const std::uint64_t least = width == 1 ? (major == 7 ? 32 : 24) : std::uint64_t{1} << (4 * width);
    const bool is_float = major == 7 && width > 1;  // kept as sent: the link uses none
    return {major, value, is_float || value >= least};
}

}  // namespace

bool is_deterministic_cbor(Bytes item) {
    std::uint64_t left[kMaxDepth + 1] = {1};  // items still to come, at each depth
    std::size_t depth = 0;
    std::size_t at = 0;
    while (true) {
        while (left[depth] == 0) {
            if (depth == 0) {
                return at == item.size;
            }
            --depth;
        }
        if (at >= item.size) {
            return false;
        }
        --left[depth];
        const Head head = read_head(item, at);
        const std::size_t rest = item.size - at;
        if (!head.ok) {
            return false;
        }
        if (head.major == 2 || head.major == 3) {
            if (head.value > rest) {
                return false;
            }
            at += static_cast<std::size_t>(head.value);
        } else if (head.major >= 4 && head.major <= 6) {
            if (depth == kMaxDepth || head.value > item.size) {
                return false;
            }
            left[++depth] = head.major == 4 ? head.value : head.major == 5 ? 2 * head.value : 1;
        }
    }
}

}  // namespace hk
