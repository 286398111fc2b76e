#include "host/arena.hpp"

namespace hk::host {

void* Arena::take(std::size_t size) {
    if (size > kSize - sizeof(Block)) {
        return nullptr;
    }
    const std::size_t wanted = (sizeof(Block) + size + 15u) & ~std::size_t{15};
    if (at(0)->size == 0) {
        at(0)->size = kSize;
    }
    for (std::size_t offset = 0; offset < kSize; offset += at(offset)->size) {
        merge(offset);
        if (at(offset)->used || at(offset)->size < wanted) {
            continue;
        }
        split(offset, wanted);
        at(offset)->used = true;
        used_ += at(offset)->size;
        most_used_ = used_ > most_used_ ? used_ : most_used_;
        ++taken_;
        return memory_ + offset + sizeof(Block);
    }
    return nullptr;
}

void Arena::give(void* memory) {
    const auto* byte = static_cast<std::uint8_t*>(memory);
    if (byte < memory_ + sizeof(Block) || byte >= memory_ + kSize) {
        return;
    }
    Block* const block = at(static_cast<std::size_t>(byte - memory_) - sizeof(Block));
    used_ -= block->used ? block->size : 0;
    block->used = false;
}

std::size_t Arena::room(const void* memory) {
    return (static_cast<const Block*>(memory) - 1)->size - sizeof(Block);
}

// Takes in the free blocks that follow a free one.
void Arena::merge(std::size_t offset) {
    Block& block = *at(offset);
    while (!block.used && offset + block.size < kSize && !at(offset + block.size)->used) {
        block.size += at(offset + block.size)->size;
    }
}

void Arena::split(std::size_t offset, std::size_t size) {
    const std::size_t rest = at(offset)->size - size;
    if (rest > sizeof(Block)) {
        at(offset)->size = size;
        at(offset + size)->size = rest;
        at(offset + size)->used = false;
    }
}

}  // namespace hk::host
