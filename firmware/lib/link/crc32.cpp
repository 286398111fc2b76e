#include "link/crc32.hpp"

#include <cstring>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a word of memory holds its first byte lowest");

namespace hk {
namespace {

// entry[k][b] is the CRC of byte b with k zero bytes after it: four bytes are taken in one step.
struct Table {
    std::uint32_t entry[4][256];
};

constexpr Table make_table() {
    Table table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) {
            value = (value & 1u) != 0 ? (value >> 1) ^ 0xEDB88320u : value >> 1;
        }
        table.entry[0][i] = value;
    }
    for (std::size_t k = 1; k < 4; ++k) {
        for (std::uint32_t i = 0; i < 256; ++i) {
            const std::uint32_t before = table.entry[k - 1][i];
            table.entry[k][i] = table.entry[0][before & 0xFFu] ^ (before >> 8);
        }
    }
    return table;
}

constexpr Table kTable = make_table();

std::uint32_t one_byte(std::uint32_t crc, std::uint8_t byte) {
    return kTable.entry[0][(crc ^ byte) & 0xFFu] ^ (crc >> 8);
}

}  // namespace

std::uint32_t crc32(const void* data, std::size_t size, std::uint32_t crc) {
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    crc = ~crc;
    for (; size > 0 && (reinterpret_cast<std::uintptr_t>(bytes) & 3u) != 0; --size) {
        crc = one_byte(crc, *bytes++);
    }
    for (; size >= 4; size -= 4, bytes += 4) {
        std::uint32_t word = 0;
        std::memcpy(&word, __builtin_assume_aligned(bytes, 4), 4);
        crc ^= word;
        crc = kTable.entry[3][crc & 0xFFu] ^ kTable.entry[2][crc >> 8 & 0xFFu] ^
              kTable.entry[1][crc >> 16 & 0xFFu] ^ kTable.entry[0][crc >> 24];
    }
    for (; size > 0; --size) {
        crc = one_byte(crc, *bytes++);
    }
    return ~crc;
}

}  // namespace hk
