// What the compiler expects of a C++ runtime and of a C library, so that the firmware links without.
#include <cstddef>

extern "C" {

[[noreturn]] void __cxa_pure_virtual() {
    __asm__ volatile("ebreak");
    __builtin_unreachable();
}

int __cxa_atexit(void (*)(void*), void*, void*) { return 0; }

void* __dso_handle = nullptr;

std::size_t strlen(const char* text) {
    const char* end = text;
    while (*end != '\0') {
        ++end;
    }
    return static_cast<std::size_t>(end - text);
}

int strcmp(const char* one, const char* other) {
    while (*one != '\0' && *one == *other) {
        ++one;
        ++other;
    }
    return static_cast<unsigned char>(*one) - static_cast<unsigned char>(*other);
}
}
