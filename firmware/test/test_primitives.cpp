#include "check.hpp"
#include "pattern/centre.hpp"
#include "pattern/colour.hpp"
#include "pattern/fixed.hpp"
#include "pattern/hash.hpp"
#include "pattern/motion.hpp"
#include "pattern/noise.hpp"
#include "pattern/sine.hpp"
#include "vectors.hpp"

using namespace hk;
using namespace hk::test;

namespace {

using Row = const std::uint64_t*;

std::uint32_t u32(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
std::uint16_t u16(std::uint64_t value) { return static_cast<std::uint16_t>(value); }

// Calls `check` with every row of a table, which must not be empty.
void each(const char* table, void (*check)(Row row)) {
    const Rows all = rows(table);
    CHECK(all.rows > 0);
    for (std::size_t i = 0; i < all.rows; ++i) {
        check(all.row(i));
    }
}

void check_colour(Colour got, Row want) {
    CHECK_EQ(got.r, want[0]);
    CHECK_EQ(got.g, want[1]);
    CHECK_EQ(got.b, want[2]);
}

}  // namespace

TEST("scaling and fading equal their vectors") {
    each("scale16", [](Row r) { CHECK_EQ(scale16(u32(r[0]), u32(r[1])), r[2]); });
    each("lerp16", [](Row r) { CHECK_EQ(lerp16(u32(r[0]), u32(r[1]), u32(r[2])), r[3]); });
    each("fade16", [](Row r) { CHECK_EQ(fade16(u32(r[0]), u32(r[1])), r[2]); });
}

TEST("curves equal their vectors") {
    each("tri16", [](Row r) { CHECK_EQ(tri16(u32(r[0])), r[1]); });
    each("smooth16", [](Row r) { CHECK_EQ(smooth16(u32(r[0])), r[1]); });
    each("sin16", [](Row r) { CHECK_EQ(sin16(u16(r[0])), r[1]); });
    each("swell16", [](Row r) { CHECK_EQ(swell16(u16(r[0])), r[1]); });
}

TEST("hashes and noise equal their vectors") {
    each("mix32", [](Row r) { CHECK_EQ(mix32(u32(r[0])), r[1]); });
    each("hash32", [](Row r) { CHECK_EQ(hash32(u32(r[0]), u32(r[1]), u32(r[2])), r[3]); });
    each("noise16", [](Row r) { CHECK_EQ(noise16(u32(r[0]), u32(r[1]), r[2]), r[3]); });
}

TEST("colours equal their vectors") {
    each("hsv16", [](Row r) { check_colour(hsv16(u16(r[0]), u16(r[1]), u16(r[2])), r + 3); });
    each("ramp16", [](Row r) { check_colour(ramp16(u32(r[0]), u16(r[1])), r + 2); });
}

TEST("time equals its vectors up to the last microsecond of 64 bits") {
    each("cycle", [](Row r) {
        const Cycle got = cycle(r[0], u32(r[1]));
        CHECK_EQ(got.count, r[2]);
        CHECK_EQ(got.phase, r[3]);
    });
    each("travel", [](Row r) { CHECK_EQ(travel(r[0], u32(r[1])), r[2]); });
}

TEST("distances from the centre equal their vectors") {
    CHECK(kGeometryVectors.count > 0);
    for (const GeometryVector& strip : kGeometryVectors) {
        for (std::uint32_t i = 0; i < strip.n; ++i) {
            CHECK_EQ(distance(i, strip.n), strip.k[i]);
            CHECK_EQ(reach(distance(i, strip.n), strip.n), strip.r[i]);
        }
    }
}

TEST("the centre of 160 LEDs lies between 79 and 80") {
    CHECK_EQ(distance(79, 160), 0);
    CHECK_EQ(distance(80, 160), 0);
    for (std::uint32_t k = 0; k < 80; ++k) {
        CHECK_EQ(distance(79 - k, 160), distance(80 + k, 160));
    }
}
