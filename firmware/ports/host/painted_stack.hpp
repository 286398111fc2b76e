// How deep the stack ever went.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hk::host {

/// Paints what lies below the caller's frame, as start code of a chip does with all of its stack: paint that
/// is still there was never used.
class PaintedStack {
public:
    /// The stack of a chip's main task would hold no more than this.
    static constexpr std::size_t kSize = 64 * 1024;

    void paint();

    /// Bytes that were never used; 0 before paint(), and once all was.
    std::size_t untouched() const;

private:
    std::uintptr_t bottom_ = 0;
};

}  // namespace hk::host
