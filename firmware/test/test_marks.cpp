// What the host port says of its memory: numbers that move when memory is used.
#include <cstdlib>

#include "check.hpp"
#include "host/arena.hpp"
#include "host/painted_stack.hpp"

using namespace hk;
using hk::host::Arena;
using hk::host::PaintedStack;

namespace {

Arena arena;  // too large for a stack
Arena full;
Arena holes;

// Uses at least `size` bytes of stack, and says so in a way that no optimiser can take away.
__attribute__((noinline, no_sanitize("address"))) int use_stack(std::size_t size) {
    volatile unsigned char here[1024];
    for (std::size_t i = 0; i < sizeof(here); ++i) {
        here[i] = static_cast<unsigned char>(size);
    }
    const int deeper = size > sizeof(here) ? use_stack(size - sizeof(here)) : 0;
    return deeper + here[7];
}

}  // namespace

TEST("a heap counts what is taken and remembers its fullest moment") {
    CHECK_EQ(arena.taken(), 0);
    CHECK_EQ(arena.least_free(), Arena::kSize);
    void* first = arena.take(1000);
    void* second = arena.take(1);
    CHECK(first != nullptr && second != nullptr && first != second);
    CHECK_EQ(reinterpret_cast<std::uintptr_t>(second) % 16, 0);
    CHECK_EQ(arena.taken(), 2);
    CHECK(Arena::room(first) >= 1000 && Arena::room(first) < 1032);
    const std::size_t least = arena.least_free();
    CHECK(least < Arena::kSize - 1001 && least > Arena::kSize - 1100);
    arena.give(first);
    arena.give(second);
    arena.give(second);
    arena.give(nullptr);
    int elsewhere = 0;
    arena.give(&elsewhere);
    CHECK_EQ(arena.least_free(), least);
    CHECK(arena.take(500) == first);
    CHECK_EQ(arena.taken(), 3);
    CHECK_EQ(arena.least_free(), least);
}

TEST("a heap that leaks runs out, and what is given back can be taken as one piece") {
    void* blocks[100] = {};
    std::size_t count = 0;
    while (count < 100 && (blocks[count] = full.take(1000)) != nullptr) {
        ++count;
    }
    CHECK(count > 50 && count < 66);
    CHECK(full.least_free() < 1040);
    CHECK_EQ(full.taken(), count);
    CHECK(full.take(Arena::kSize) == nullptr);
    CHECK(full.take(static_cast<std::size_t>(-1)) == nullptr);
    for (std::size_t i = 0; i < count; ++i) {
        full.give(blocks[i]);
    }
    CHECK(full.take(Arena::kSize - 64) == blocks[0]);
}

TEST("a heap fills its holes and leaves its neighbours alone") {
    std::uint8_t* block[4] = {};
    for (int i = 0; i < 4; ++i) {
        block[i] = static_cast<std::uint8_t*>(holes.take(100));
        for (int byte = 0; byte < 100; ++byte) {
            block[i][byte] = static_cast<std::uint8_t>(i);
        }
    }
    holes.give(block[1]);
    CHECK(holes.take(200) != block[1]);
    holes.give(block[2]);
    auto* both = static_cast<std::uint8_t*>(holes.take(200));
    CHECK(both == block[1]);
    for (int byte = 0; byte < 200; ++byte) {
        both[byte] = 0xEE;
    }
    for (int byte = 0; byte < 100; ++byte) {
        CHECK_EQ(block[0][byte], 0);
        CHECK_EQ(block[3][byte], 3);
    }
}

TEST("a painted stack knows how deep it went, once and for all") {
    PaintedStack stack;
    CHECK_EQ(stack.untouched(), 0);
    stack.paint();
    const std::size_t before = stack.untouched();
    CHECK(before > 0 && before <= PaintedStack::kSize);
    CHECK(use_stack(24 * 1024) != -1);
    const std::size_t after = stack.untouched();
    CHECK(after <= PaintedStack::kSize - 24 * 1024);
    CHECK(use_stack(2 * 1024) != -1);
    CHECK_EQ(stack.untouched(), after);
}
