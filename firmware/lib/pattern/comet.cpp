// Bright heads with a tail, evenly spaced; they go round, or bounce at the ends.
#include <iterator>

#include "pattern/motion.hpp"
#include "pattern/registry.hpp"

namespace hk {
namespace {

enum : std::size_t { kColour, kSpeed, kTail, kCount, kBounce, kSpark, kMirror };

constexpr Param kParams[] = {
    {"colour", ParamType::colour, 0, kMaxColour, 0x40A0FF, ""},
    {"speed", ParamType::integer, 1, 1000, 80, "LED/s"},
    {"tail", ParamType::integer, 1, 512, 40, "LED"},
    {"count", ParamType::integer, 1, 8, 1, ""},
    {"bounce", ParamType::flag, 0, 1, 0, ""},
    {"spark", ParamType::integer, 0, 255, 160, "/255"},
    {"mirror", ParamType::flag, 0, 1, 1, ""},
};

/// The track that the heads run on: a ring of `length`, or there and back; all in 1/256 LED.
struct Track {
    std::uint32_t length;
    std::uint32_t spacing;
    std::uint32_t tail;
    std::uint32_t inverse;  ///< of the tail: 65535 / tail with 12 more bits
};

Track make_track(const Inputs& in, std::uint32_t leds, bool bounce) {
    const std::uint32_t length = bounce ? (leds - 1) * 512u : leds * 256u;
    const std::uint32_t tail = in.value(kTail) * 256u;
    return {length, length / in.value(kCount), tail, 268431360u / tail};
}

// `behind` is how far a point lies behind the first head, 0..length-1.
std::uint16_t light(const Track& track, std::uint32_t behind) {
    const std::uint32_t e = behind % track.spacing;
    std::uint16_t tail = 0;
    if (e < track.tail) {
        const std::uint32_t x = 65535u - ((e * track.inverse) >> 12);
        tail = scale16(x, x);
    }
    const std::uint32_t ahead = track.spacing - e;
    const std::uint32_t front = ahead < 256u ? (256u - ahead) * 256u : 0u;
    return tail > front ? tail : static_cast<std::uint16_t>(front);
}

void draw(const Inputs& in, const State&, const Canvas& canvas) {
    const bool bounce = in.flag(kBounce) && canvas.leds > 1;
    const bool mirrored = in.flag(kMirror) && canvas.strip % 2 == 1;
    const Track track = make_track(in, canvas.leds, bounce);
    const std::uint32_t head = static_cast<std::uint32_t>(travel(in.time_us, in.value(kSpeed)) % track.length);
    const Colour colour = in.colour(kColour);
    for (std::uint32_t i = 0; i < canvas.leds; ++i) {
        const std::uint32_t at = (mirrored ? canvas.leds - 1 - i : i) * 256u;
        std::uint16_t v = light(track, (head + track.length - at) % track.length);
        if (bounce) {
            const std::uint16_t back = light(track, (head + at) % track.length);
            v = v > back ? v : back;
        }
        const std::uint16_t white = scale16(scale16(v, v), in.fraction(kSpark));
        canvas.out[i] = scale16(lerp16(colour, kWhite, white), v);
    }
}

}  // namespace

const Pattern kComet{"comet", kParams, std::size(kParams), false, draw, nullptr};

}  // namespace hk
