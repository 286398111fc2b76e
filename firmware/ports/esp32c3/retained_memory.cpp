#include "esp32c3/retained_memory.hpp"

#include <cstring>

#include "link/crc32.hpp"

namespace hk::esp32c3 {
namespace {

constexpr std::uint32_t kMagic = 0x564E4B48;  // "HKNV"
constexpr std::size_t kCapacity = 1008;

struct Slot {
    std::uint32_t magic;
    std::uint32_t number;
    std::uint32_t size;
    std::uint32_t crc;
    std::uint8_t data[kCapacity];
};

static_assert(2 * sizeof(Slot) <= kRtcFastSize, "both slots fit");

Slot& slot(std::size_t index) { return reinterpret_cast<Slot*>(kRtcFastMemory)[index]; }

bool whole(const Slot& slot) {
    return slot.magic == kMagic && slot.size <= kCapacity && crc32(slot.data, slot.size, slot.number) == slot.crc;
}

const Slot* newest() {
    const bool first = whole(slot(0));
    const bool second = whole(slot(1));
    if (first && second) {
        return static_cast<std::int32_t>(slot(1).number - slot(0).number) > 0 ? &slot(1) : &slot(0);
    }
    return first ? &slot(0) : second ? &slot(1) : nullptr;
}

}  // namespace

std::size_t RetainedMemory::read(std::uint8_t* out, std::size_t capacity) {
    const Slot* found = newest();
    if (found == nullptr) {
        return 0;
    }
    const std::size_t size = found->size < capacity ? found->size : capacity;
    std::memcpy(out, found->data, size);
    return size;
}

// The magic goes first and comes last: half a slot is none, and the other one still counts.
bool RetainedMemory::write(const std::uint8_t* data, std::size_t size) {
    if (size > kCapacity) {
        return false;
    }
    const Slot* old = newest();
    Slot& next = slot(old == &slot(0) ? 1 : 0);
    const std::uint32_t number = old != nullptr ? old->number + 1 : 1;
    reg(reinterpret_cast<std::uintptr_t>(&next.magic)) = 0;
    std::memcpy(next.data, data, size);
    next.number = number;
    next.size = static_cast<std::uint32_t>(size);
    next.crc = crc32(next.data, size, number);
    reg(reinterpret_cast<std::uintptr_t>(&next.magic)) = kMagic;
    return true;
}

}  // namespace hk::esp32c3
