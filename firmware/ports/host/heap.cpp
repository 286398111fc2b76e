// The C library allows a program to bring its own malloc (glibc manual, "Replacing malloc"). With this one
// the heap is as small as a chip's, and who takes from it is counted. Sanitizers bring theirs.
#include "host/heap.hpp"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

namespace hk::host {
namespace {

Arena arena;

}  // namespace

Arena& heap() { return arena; }

}  // namespace hk::host

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HK_SANITIZED 1
#endif
#endif

#if !defined(HK_SANITIZED) && !defined(__SANITIZE_ADDRESS__)

extern "C" {

void* malloc(size_t size) {
    void* memory = hk::host::heap().take(size);
    if (memory == nullptr) {
        errno = ENOMEM;
    }
    return memory;
}

void free(void* memory) { hk::host::heap().give(memory); }

void* calloc(size_t count, size_t size) {
    if (size != 0 && count > hk::host::Arena::kSize / size) {
        errno = ENOMEM;
        return nullptr;
    }
    void* memory = malloc(count * size);
    if (memory != nullptr) {
        memset(memory, 0, count * size);
    }
    return memory;
}

void* realloc(void* memory, size_t size) {
    void* grown = malloc(size);
    if (grown != nullptr && memory != nullptr) {
        const size_t had = hk::host::Arena::room(memory);
        memcpy(grown, memory, had < size ? had : size);
        free(memory);
    }
    return grown;
}
}

#endif
