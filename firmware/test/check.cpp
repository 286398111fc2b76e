#include "check.hpp"

#include <cstdio>
#include <cstring>

namespace hk::test {
namespace {

constexpr int kMostShown = 8;

Case* first = nullptr;
Case* last = nullptr;
int failures = 0;  // of the running test

void print_bytes(const char* label, Bytes bytes, std::size_t from) {
    std::printf("      %s (%zu bytes) from %zu:", label, bytes.size, from);
    for (std::size_t i = from; i < bytes.size && i < from + 24; ++i) {
        std::printf(" %02x", bytes.data[i]);
    }
    std::printf("\n");
}

}  // namespace

Case::Case(const char* its_name, void (*its_body)()) : name(its_name), body(its_body) {
    (first == nullptr ? first : last->next) = this;
    last = this;
}

int run_all(const char* filter) {
    int passed = 0;
    int failed = 0;
    for (Case* test = first; test != nullptr; test = test->next) {
        if (filter != nullptr && std::strstr(test->name, filter) == nullptr) {
            continue;
        }
        failures = 0;
        test->body();
        (failures == 0 ? passed : failed) += 1;
        std::printf("%s %s\n", failures == 0 ? "ok  " : "FAIL", test->name);
        std::fflush(stdout);
    }
    std::printf("%d passed, %d failed\n", passed, failed);
    return passed + failed == 0 ? 1 : failed;
}

void fail(const char* file, int line, const char* what) {
    if (++failures <= kMostShown) {
        std::printf("    %s:%d: %s\n", file, line, what);
    }
}

void check_equal(const char* file, int line, const char* what, long long got, long long want) {
    if (got != want) {
        char text[256];
        std::snprintf(text, sizeof(text), "%s is %lld (0x%llx), not %lld (0x%llx)", what, got,
                      static_cast<unsigned long long>(got), want, static_cast<unsigned long long>(want));
        fail(file, line, text);
    }
}

void check_equal(const char* file, int line, const char* what, Bytes got, Bytes want) {
    std::size_t at = 0;
    while (at < got.size && at < want.size && got.data[at] == want.data[at]) {
        ++at;
    }
    if (at == got.size && at == want.size) {
        return;
    }
    fail(file, line, what);
    if (failures <= kMostShown) {
        print_bytes("got ", got, at);
        print_bytes("want", want, at);
    }
}

}  // namespace hk::test

int main(int argc, char** argv) { return hk::test::run_all(argc > 1 ? argv[1] : nullptr) == 0 ? 0 : 1; }
