#include "check.hpp"
#include "link/cbor_reader.hpp"
#include "rig.hpp"
#include "strip/timing.hpp"

using namespace hk;
using namespace hk::test;

namespace {

constexpr std::uint32_t kFrameUs = frame_us(4);  // the longer strip of the rig: 420 us

std::uint32_t applied_fps(Rig& rig) {
    Reply reply(rig.reply());
    std::size_t count = 0;
    std::uint32_t live = 0;
    std::uint32_t fps = 0;
    CHECK(reply.body.list(count) && read_uint(reply.body, 1, live) && read_uint(reply.body, 1000000, fps));
    return fps;
}

// Lets time go by in small steps.
void pass(Rig& rig, std::uint64_t us, std::uint64_t step_us = 10) {
    const std::uint64_t end = rig.clock.now + us;
    while (rig.clock.now < end) {
        rig.clock.now += step_us;
        rig.app.tick();
    }
}

bool next_report(Inbox& inbox, FrameReport& frame) {
    if (!inbox.next(MessageType::event)) {
        return false;
    }
    CborReader event(inbox.message());
    std::size_t count = 0;
    std::uint32_t skip = 0;
    CHECK(event.list(count) && count == 3 && read_uint(event, 2, skip) && read_uint(event, 0xFFFFFFFFu, skip));
    CHECK(event.list(count) && count == 7);
    std::uint64_t value[7] = {};
    for (std::uint64_t& field : value) {
        CHECK(event.uint(field));
    }
    const auto u32 = [&](int i) { return static_cast<std::uint32_t>(value[i]); };
    frame = {u32(0), value[1], u32(2), u32(3), u32(4), u32(5), u32(6)};
    return true;
}

// Strips on a machine that looks elsewhere for a while, right after they began to send.
class HeldUpStrips final : public LedOutput {
public:
    explicit HeldUpStrips(FakeClock& clock) : clock_(clock), strips_(clock) {}

    void show(const Waveform* strips, std::size_t count) override {
        strips_.show(strips, count);
        clock_.now += kHeldUpUs;
    }
    void release() override { strips_.release(); }
    std::uint32_t busy_us() override { return strips_.busy_us(); }
    Bytes latched(std::size_t strip) override { return strips_.latched(strip); }

    static constexpr std::uint32_t kHeldUpUs = 9;

private:
    FakeClock& clock_;
    host::LedStrips strips_;
};

}  // namespace

TEST("live mode at the highest rate keeps to what the strips can take") {
    static Rig rig;
    CHECK(rig.ask(mode, {1, 0}) == Status::ok);
    CHECK_EQ(applied_fps(rig), 1000000 / kFrameUs);
    rig.stream.forget_sent();
    pass(rig, 100 * kFrameUs, 1);
    Inbox inbox(rig.stream.sent());
    FrameReport frame;
    std::uint32_t seen = 0;
    std::uint64_t last_us = 0;
    while (next_report(inbox, frame)) {
        CHECK_EQ(frame.seq, seen);
        CHECK(frame.transmit_us >= kFrameUs);
        CHECK(seen == 0 || frame.time_us - last_us >= kFrameUs);
        CHECK_EQ(frame.dropped, 0);
        last_us = frame.time_us;
        ++seen;
    }
    CHECK(seen >= 98 && seen <= 100);
}

TEST("live mode at a set rate is due at even times") {
    static Rig rig;
    pass(rig, 1000);  // the strips are still busy with the black frame of the start
    CHECK(rig.ask(mode, {1, 100}) == Status::ok);
    CHECK_EQ(applied_fps(rig), 100);
    const std::uint64_t start = rig.clock.now;
    rig.stream.forget_sent();
    pass(rig, 500000, 100);
    Inbox inbox(rig.stream.sent());
    FrameReport frame;
    std::uint32_t seen = 0;
    while (next_report(inbox, frame)) {
        CHECK(frame.time_us >= start + seen * 10000ull && frame.time_us <= start + seen * 10000ull + 100);
        ++seen;
    }
    CHECK_EQ(seen, 50);
}

TEST("frames that were due and not sent are counted") {
    static Rig rig;
    CHECK(rig.ask(mode, {1, 1000}) == Status::ok);
    pass(rig, 10000);
    rig.clock.now += 50000;  // the loop was held up
    rig.stream.forget_sent();
    pass(rig, 5000);
    Inbox inbox(rig.stream.sent());
    FrameReport frame;
    while (next_report(inbox, frame)) {
    }
    CHECK(frame.dropped >= 49 && frame.dropped <= 50);
    CHECK_EQ(frame.seq + 1 + frame.dropped, 65);
}

TEST("the report's CRC and current are those of the frame that was sent") {
    static Rig rig;
    CHECK(rig.ask(mode, {1, 100}) == Status::ok);
    rig.stream.forget_sent();
    pass(rig, 25000, 100);
    Inbox inbox(rig.stream.sent());
    FrameReport frame;
    CHECK(next_report(inbox, frame));
    CHECK(rig.ask(mode, {0, 0}) == Status::ok);
    CHECK(rig.ask(step, {frame.time_us}) == Status::ok);
    Reply reply(rig.reply());
    std::size_t count = 0;
    std::uint32_t value = 0;
    CHECK(reply.body.list(count) && read_uint(reply.body, 0xFFFFFFFFu, value));
    CHECK_EQ(value, frame.crc);
    CHECK(read_uint(reply.body, 0xFFFFFFFFu, value));
    CHECK_EQ(value, frame.ma);
}

TEST("step and run are refused while live, read is not") {
    static Rig rig;
    CHECK(rig.ask(mode, {1, 0}) == Status::ok);
    CHECK(rig.ask(step, {0}) == Status::wrong_mode);
    CHECK(rig.ask(run, {0, 1, 1, 3}) == Status::wrong_mode);
    CHECK(rig.ask(read, {3, 0, 0, 12}) == Status::ok);
    CHECK(rig.ask(mode, {0, 60}) == Status::ok);
    CHECK_EQ(applied_fps(rig), 0);
    CHECK(rig.ask(step, {0}) == Status::ok);
    rig.stream.forget_sent();
    pass(rig, 10000);
    CHECK_EQ(rig.stream.sent().size, 0);
}

TEST("with nobody reading, events are lost and counted, frames go on, and the next reply is whole") {
    static Rig rig;
    CHECK(rig.ask(mode, {1, 0}) == Status::ok);
    rig.stream.room = 0;
    pass(rig, 400 * kFrameUs);
    rig.stream.room = static_cast<std::size_t>(-1);
    rig.stream.forget_sent();
    rig.app.tick();
    Inbox kept(rig.stream.sent());
    FrameReport frame;
    std::uint32_t told = 0;
    while (next_report(kept, frame)) {
        CHECK_EQ(frame.seq, told);
        ++told;
    }
    CHECK(told > 20 && told < 380);
    CHECK(rig.ask(stats, {}) == Status::ok);
    Reply reply(rig.reply());
    std::size_t pairs = 0;
    std::uint64_t lost = 0;
    std::uint64_t frames = 0;
    CHECK(reply.body.map(pairs));
    for (std::size_t i = 0; i < pairs; ++i) {
        Bytes name;
        std::uint64_t value = 0;
        CHECK(reply.body.text(name) && reply.body.uint(value));
        lost = same_text(name, "events-lost") ? value : lost;
        frames = same_text(name, "frames") ? value : frames;
    }
    CHECK(lost > 0);
    CHECK(frames >= 395);
    CHECK(told + lost >= frames - 2 && told + lost <= frames);
}

TEST("the app says how long it may sleep") {
    FakeClock clock;
    host::LedStrips leds(clock);
    static WorkspaceMemory<7> memory;
    Renderer renderer(kSmall, memory.view(), leds);
    Live live(renderer, clock, leds);
    CHECK_EQ(live.idle_us(5000), 5000);
    live.start(100);
    FrameReport report;
    CHECK(!live.tick(report));
    CHECK_EQ(live.idle_us(5000), kFrameUs);
    clock.now += kFrameUs;
    CHECK(live.tick(report));
    CHECK_EQ(live.idle_us(5000), 5000);
    CHECK_EQ(live.idle_us(100000), 10000 - kFrameUs);
}

TEST("a transmission is never told shorter than it was, however the program is held up") {
    FakeClock clock;
    HeldUpStrips leds(clock);
    static WorkspaceMemory<7> memory;
    Renderer renderer(kSmall, memory.view(), leds);
    Live live(renderer, clock, leds);
    live.start(0);
    FrameReport report;
    CHECK(!live.tick(report));
    clock.now += leds.busy_us();
    CHECK(live.tick(report));
    CHECK_EQ(report.transmit_us, kFrameUs);
}
