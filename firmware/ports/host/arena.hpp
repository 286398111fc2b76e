// A heap of fixed size, as a chip has one.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hk::host {

/// First fit; neighbours merge once both are free. All zero before the first use, so it serves from the
/// first instruction on. For one thread.
class Arena {
public:
    static constexpr std::size_t kSize = 64 * 1024;

    /// Memory for `size` bytes, aligned to 16; nullptr where no room is left.
    void* take(std::size_t size);

    /// Gives it back. What did not come from here (nullptr too) is left alone.
    void give(void* memory);

    /// The bytes that a block from take() has room for.
    static std::size_t room(const void* memory);

    /// How often take() found room.
    std::uint32_t taken() const { return taken_; }

    /// Least that was ever free, in bytes.
    std::size_t least_free() const { return kSize - most_used_; }

private:
    struct alignas(16) Block {
        std::size_t size;  ///< with this head
        bool used;
    };

    Block* at(std::size_t offset) { return reinterpret_cast<Block*>(memory_ + offset); }
    void merge(std::size_t offset);
    void split(std::size_t offset, std::size_t size);

    alignas(16) std::uint8_t memory_[kSize] = {};
    std::size_t used_ = 0;
    std::size_t most_used_ = 0;
    std::uint32_t taken_ = 0;
};

}  // namespace hk::host
