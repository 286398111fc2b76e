#include "host/painted_stack.hpp"

namespace hk::host {
namespace {

constexpr std::uint32_t kPaint = 0x53544143;  // as start.S of the ESP32-C3 does

}  // namespace

// Not inlined, so that what it paints lies below the frame of its caller, whose callees use it later on. A
// sanitizer would put it elsewhere, and objects to looking below the stack pointer.
__attribute__((noinline, no_sanitize("address"))) void PaintedStack::paint() {
    volatile std::uint32_t words[kSize / sizeof(std::uint32_t)];
    for (volatile std::uint32_t& word : words) {
        word = kPaint;
    }
    bottom_ = reinterpret_cast<std::uintptr_t>(&words[0]);
}

__attribute__((no_sanitize("address"))) std::size_t PaintedStack::untouched() const {
    if (bottom_ == 0) {
        return 0;
    }
    const auto* words = reinterpret_cast<const volatile std::uint32_t*>(bottom_);
    std::size_t count = 0;
    while (count < kSize / sizeof(std::uint32_t) && words[count] == kPaint) {
        ++count;
    }
    return count * sizeof(std::uint32_t);
}

}  // namespace hk::host
