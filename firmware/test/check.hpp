// A test runner of a page: tests are sentences, failures say where and what.
#pragma once

#include <cstdint>

#include "hal/bytes.hpp"

namespace hk::test {

/// One test; registers itself.
struct Case {
    Case(const char* name, void (*body)());

    const char* name;
    void (*body)();
    Case* next = nullptr;
};

/// Runs all tests whose name holds `filter` (nullptr: all), prints a line for each and a summary.
/// Returns the number of failed ones; none that ran counts as a failure.
int run_all(const char* filter);

/// Counts a failure of the running test and prints it, unless it has had many already.
void fail(const char* file, int line, const char* what);

void check_equal(const char* file, int line, const char* what, long long got, long long want);
void check_equal(const char* file, int line, const char* what, Bytes got, Bytes want);

}  // namespace hk::test

#define HK_JOIN2(a, b) a##b
#define HK_JOIN(a, b) HK_JOIN2(a, b)

#define TEST(name)                                                                   \
    static void HK_JOIN(body_, __LINE__)();                                          \
    static hk::test::Case HK_JOIN(case_, __LINE__)(name, &HK_JOIN(body_, __LINE__)); \
    static void HK_JOIN(body_, __LINE__)()

#define CHECK(condition)                                     \
    do {                                                     \
        if (!(condition)) {                                  \
            hk::test::fail(__FILE__, __LINE__, #condition);  \
        }                                                    \
    } while (false)

#define CHECK_EQ(got, want) \
    hk::test::check_equal(__FILE__, __LINE__, #got, static_cast<long long>(got), static_cast<long long>(want))

#define CHECK_BYTES(got, want) hk::test::check_equal(__FILE__, __LINE__, #got, got, want)
