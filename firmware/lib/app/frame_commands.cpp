// Requests that draw frames and look into them.
#include "app/commands.hpp"

namespace hk {
namespace {

constexpr std::uint64_t kMaxRun = 256;

}  // namespace

Outcome Commands::step(CborReader& args, CborWriter& body) {
    std::uint64_t time_us = 0;
    if (!args.uint(time_us)) {
        return bad_args("time-us");
    }
    if (bench_.live.active()) {
        return {Status::wrong_mode, "step works in test mode only"};
    }
    bench_.renderer.render(time_us);
    bench_.renderer.present();
    body.array(2);
    body.uint(bench_.renderer.crc(Tap::frame));
    body.uint(bench_.renderer.ma());
    return {};
}

Outcome Commands::run(CborReader& args, CborWriter& body) {
    std::uint64_t start_us = 0;
    std::uint64_t step_us = 0;
    std::uint64_t count = 0;
    std::uint64_t tap = 0;
    if (!args.uint(start_us) || !args.uint(step_us)) {
        return bad_args("start-us, step-us");
    }
    if (!args.uint(count) || !args.uint(tap)) {
        return bad_args("count, tap");
    }
    if (!has_tap(tap)) {
        return {Status::not_found, "no such tap"};
    }
    if (count == 0 || count > kMaxRun) {
        return {Status::out_of_range, "count is 1..256"};
    }
    if (bench_.live.active()) {
        return {Status::wrong_mode, "run works in test mode only"};
    }
    body.array(static_cast<std::size_t>(count));
    for (std::uint64_t n = 0; n < count; ++n) {
        body.uint(run_one(start_us + n * step_us, static_cast<Tap>(tap), n + 1 == count));
    }
    return {};
}

Outcome Commands::read(CborReader& args, CborWriter& body) {
    std::uint64_t tap = 0;
    std::uint64_t strip = 0;
    std::uint64_t offset = 0;
    std::uint64_t count = 0;
    if (!args.uint(tap) || !args.uint(strip)) {
        return bad_args("tap, strip");
    }
    if (!args.uint(offset) || !args.uint(count)) {
        return bad_args("offset, count");
    }
    if (!has_tap(tap)) {
        return {Status::not_found, "no such tap"};
    }
    if (strip >= bench_.renderer.profile().strip_count) {
        return {Status::not_found, "no such strip"};
    }
    const Bytes bytes = bench_.renderer.tap(static_cast<Tap>(tap), static_cast<std::size_t>(strip));
    if (offset > bytes.size || count > bytes.size - offset) {
        return {Status::out_of_range, "offset and count go past the end of the tap"};
    }
    if (count > kMaxReplyBytes) {
        return {Status::out_of_range, "more bytes than a reply can carry"};
    }
    body.bytes({bytes.data + offset, static_cast<std::size_t>(count)});
    return {};
}

bool Commands::has_tap(std::uint64_t tap) {
    return tap < kTaps && bench_.renderer.tap(static_cast<Tap>(tap), 0).size > 0;
}

// Only the last frame of a run has to reach the LEDs, as time stands still between the steps;
// the others are encoded or sent where the tap asks for it.
std::uint32_t Commands::run_one(std::uint64_t time_us, Tap tap, bool last) {
    bench_.renderer.render(time_us);
    if (last || tap == Tap::wire) {
        bench_.renderer.present();
    } else if (tap == Tap::symbols) {
        bench_.renderer.encode();
    }
    return bench_.renderer.crc(tap);
}

}  // namespace hk
