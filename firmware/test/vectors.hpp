// The golden vectors of firmware/protocol/vectors, as test/vectors.py turns them into C++.
#pragma once

#include <cstddef>
#include <cstdint>

#include "hal/bytes.hpp"
#include "hal/system.hpp"
#include "pattern/pattern.hpp"

namespace hk::test {

/// A table of numbers: arguments, then the result.
struct Rows {
    const std::uint64_t* cells;
    std::size_t rows;
    std::size_t width;

    const std::uint64_t* row(std::size_t i) const { return cells + i * width; }
};

/// The table of that name in primitives.json ("scale16", ...) or color.json ("lut", "channels").
Rows rows(const char* name);

struct GeometryVector {
    std::uint32_t n;
    const std::uint32_t* k;
    const std::uint32_t* r;
};

struct ColorVector {
    const char* name;
    std::uint8_t brightness;
    std::uint32_t limit_ma;
    std::uint32_t channels;
    const std::uint16_t* linear;
    const std::uint16_t* gamma;
    std::uint32_t factor;
    const std::uint16_t* limited;
    const std::uint8_t* frame;
    std::uint32_t ma;
};

struct StripVector {
    std::uint32_t leds;
    const std::uint8_t* rgb;
    const std::uint32_t* words;
    std::size_t count;
};

/// A high and a low in ticks, and the bit that it is: 0, 1 or -1 for none.
struct WindowVector {
    std::uint32_t high;
    std::uint32_t low;
    int bit;
};

struct ResetVector {
    std::uint32_t ticks;
    bool latches;
};

struct PairVector {
    Bytes plain;
    Bytes result;
};

struct CrcVector {
    Bytes bytes;
    std::uint32_t crc;
};

/// What a board answers to a question.
struct ChallengeVector {
    Bytes question;
    const char* build;
    Mac mac;
    std::uint32_t nonce;
    Bytes digest;
};

struct MessageVector {
    const char* name;
    Bytes cbor;
    std::uint32_t crc;
    Bytes wire;
};

struct BrokenVector {
    const char* name;
    Bytes wire;
    int reason;
};

struct ParamVector {
    const char* name;
    std::int32_t value;
};

struct FrameVector {
    std::uint64_t time_us;
    bool sets_audio;
    Audio audio;
    std::uint32_t linear_crc;
    std::uint32_t frame_crc;
    std::uint32_t ma;
    const std::uint16_t* first[kMaxStrips];  ///< linear R, G, B of the first LEDs of each strip
    std::size_t first_count[kMaxStrips];
};

struct CaseVector {
    const char* name;
    Profile profile;
    std::uint32_t seed;
    const ParamVector* params;
    std::size_t param_count;
    std::uint8_t brightness;
    std::uint32_t limit_ma;
    const FrameVector* frames;
    std::size_t frame_count;
};

struct PatternVector {
    const char* name;
    bool audio_driven;
    const Param* params;
    std::size_t param_count;
    const CaseVector* cases;
    std::size_t case_count;
};

/// A table from a vector file and its length.
template <typename Item>
struct List {
    const Item* items;
    std::size_t count;

    const Item* begin() const { return items; }
    const Item* end() const { return items + count; }
};

extern const List<GeometryVector> kGeometryVectors;
extern const List<ColorVector> kColorVectors;
extern const List<StripVector> kStripVectors;
extern const List<WindowVector> kWindowVectors;
extern const List<ResetVector> kResetVectors;
extern const List<CrcVector> kCrcVectors;
extern const List<PairVector> kCobsVectors;
extern const List<PairVector> kShaVectors;
extern const List<ChallengeVector> kChallengeVectors;
extern const List<MessageVector> kMessageVectors;
extern const List<BrokenVector> kBrokenVectors;
extern const List<PatternVector> kPatternVectors;

/// The message of that name in link.json; a failed test if there is none.
MessageVector message(const char* name);

}  // namespace hk::test
