#include <cstring>

#include "app/challenge.hpp"
#include "app/parameters.hpp"
#include "check.hpp"
#include "link/crc32.hpp"
#include "pattern/registry.hpp"
#include "rig.hpp"
#include "vectors.hpp"

using namespace hk;
using namespace hk::test;

namespace {

Status set_solid(Rig& rig, std::int64_t colour) {
    Request request(fresh_id(), configure, 3);
    request.args.text("solid");
    request.args.uint(1);
    request.args.map(1);
    request.args.text("colour");
    request.args.integer(colour);
    return rig.ask(request);
}

Status choose(Rig& rig, const char* pattern) {
    Request request(fresh_id(), configure, 3);
    request.args.text(pattern);
    request.args.uint(1);
    request.args.map(0);
    return rig.ask(request);
}

// The numbers of a reply that is an array of them.
std::size_t numbers(Rig& rig, std::uint32_t* out, std::size_t most) {
    Reply reply(rig.reply());
    std::size_t count = 0;
    CHECK(reply.body.list(count) && count <= most);
    for (std::size_t i = 0; i < count; ++i) {
        CHECK(read_uint(reply.body, 0xFFFFFFFFu, out[i]));
    }
    return count;
}

Bytes byte_string(const Reply& reply) {
    Bytes bytes;
    CHECK(const_cast<Reply&>(reply).body.bytes(bytes));
    return bytes;
}

// The value of an entry of a reply that is a map of text to unsigned numbers.
std::uint64_t entry(Rig& rig, const char* key) {
    Reply reply(rig.reply());
    std::size_t pairs = 0;
    CHECK(reply.body.map(pairs));
    for (std::size_t i = 0; i < pairs; ++i) {
        Bytes name;
        std::uint64_t value = 0;
        CHECK(reply.body.text(name) && reply.body.uint(value));
        if (same_text(name, key)) {
            return value;
        }
    }
    fail(__FILE__, __LINE__, key);
    return 0;
}

std::uint64_t stat(Rig& rig, const char* key) {
    CHECK(rig.ask(stats, {}) == Status::ok);
    return entry(rig, key);
}

}  // namespace

TEST("ready is told once, after the loop runs, and never with nonce 0") {
    static Rig rig;
    CHECK_EQ(rig.stream.sent().size, 0);
    rig.settle();
    Inbox inbox(rig.stream.sent());
    CHECK(inbox.next(MessageType::log));
    CborReader log(inbox.message());
    std::size_t count = 0;
    std::uint32_t value = 0;
    CHECK(log.list(count) && count == 5 && read_uint(log, 3, value));
    CHECK(read_uint(log, 0xFFFFFFFFu, value));
    CHECK_EQ(value, 0xC0FFEE01u);
    CHECK(read_uint(log, 3, value) && read_uint(log, 1000, value));
    Bytes text;
    CHECK(log.text(text) && same_text(text, "ready"));
    CHECK(!inbox.next());
}

TEST("hello answers with the nonce of this boot and begins with the MAC") {
    static Rig rig;
    CHECK(rig.ask(hello, {}) == Status::ok);
    Reply reply(rig.reply());
    CHECK_EQ(reply.nonce, 0xC0FFEE01u);
    std::size_t pairs = 0;
    Bytes text;
    CHECK(reply.body.map(pairs));
    CHECK_EQ(pairs, 18);
    CHECK(reply.body.text(text) && same_text(text, "mac"));
    CHECK(reply.body.text(text) && same_text(text, "24:0a:c4:00:12:ff"));
}

TEST("echo gives back any bytes that a reply can carry") {
    static Rig rig;
    static std::uint8_t bytes[kMtu];
    for (std::size_t i = 0; i < sizeof(bytes); ++i) {
        bytes[i] = static_cast<std::uint8_t>(i * 7);
    }
    for (const std::size_t size : {0u, 1u, 63u, 64u, 65u, 128u, 253u, 254u, 255u, 512u, 2032u, 2033u}) {
        Request request(fresh_id(), echo, 1);
        request.args.bytes({bytes, size});
        const Status status = rig.ask(request);
        CHECK(status == (size <= 2032 ? Status::ok : Status::out_of_range));
        if (status == Status::ok) {
            CHECK_BYTES(byte_string(Reply(rig.reply())), (Bytes{bytes, size}));
        }
    }
}

TEST("patterns are listed in registry order and each describes itself") {
    static Rig rig;
    static std::uint8_t list[kMtu];
    CHECK(rig.ask(patterns, {}) == Status::ok);
    std::memcpy(list, rig.reply().data, rig.reply().size);
    Reply reply({list, rig.reply().size});
    std::size_t count = 0;
    CHECK(reply.body.list(count));
    CHECK_EQ(count, kPatternCount);
    for (std::size_t i = 0; i < kPatternCount; ++i) {
        Bytes name;
        CHECK(reply.body.text(name) && same_text(name, kPatterns[i]->name));
        Request request(fresh_id(), describe, 1);
        request.args.text(name);
        CHECK(rig.ask(request) == Status::ok);
        Reply description(rig.reply());
        CHECK(description.body.list(count) && count == 3);
        CHECK(description.body.text(name) && same_text(name, kPatterns[i]->name));
        bool audio_driven = false;
        CHECK(description.body.boolean(audio_driven) && audio_driven == kPatterns[i]->audio_driven);
        CHECK(description.body.list(count) && count == kPatterns[i]->param_count);
    }
}

TEST("an unknown operation, pattern, tap or strip is named as such") {
    static Rig rig;
    CHECK(rig.ask(static_cast<Op>(99), {}) == Status::unknown_op);
    CHECK(rig.ask(static_cast<Op>(~0ull), {}) == Status::unknown_op);
    CHECK(choose(rig, "solids") == Status::not_found);
    CHECK(choose(rig, "") == Status::not_found);
    CHECK(rig.ask(read, {6, 0, 0, 1}) == Status::not_found);
    CHECK(rig.ask(read, {3, 2, 0, 1}) == Status::not_found);
    CHECK(rig.ask(run, {0, 1, 1, 6}) == Status::not_found);
}

TEST("arguments of the wrong number or type are refused") {
    static Rig rig;
    CHECK(rig.ask(hello, {1}) == Status::bad_args);
    CHECK(rig.ask(step, {}) == Status::bad_args);
    CHECK(rig.ask(echo, {1}) == Status::bad_args);
    CHECK(rig.ask(describe, {1}) == Status::bad_args);
    CHECK(rig.ask(configure, {1, 2, 3}) == Status::bad_args);
    CHECK(rig.ask(mode, {2, 0}) == Status::bad_args);
    CHECK(rig.ask(audio, {0, 0, 0}) == Status::bad_args);
    CHECK(rig.ask(audio, {65536, 0, 0}) == Status::bad_args);
    Request negative(fresh_id(), output, 2);
    negative.args.integer(-1);
    negative.args.uint(0);
    CHECK(rig.ask(negative) == Status::bad_args);
}

TEST("counts and offsets past the end are out of range") {
    static Rig rig;
    CHECK(rig.ask(run, {0, 1, 0, 3}) == Status::out_of_range);
    CHECK(rig.ask(run, {0, 1, 257, 3}) == Status::out_of_range);
    CHECK(rig.ask(read, {3, 0, 0, 13}) == Status::out_of_range);
    CHECK(rig.ask(read, {3, 0, 13, 0}) == Status::out_of_range);
    CHECK(rig.ask(read, {3, 0, ~0ull, 2}) == Status::out_of_range);
    CHECK(rig.ask(read, {3, 0, 12, 0}) == Status::ok);
    CHECK(rig.ask(read, {3, 1, 0, 9}) == Status::ok);
}

TEST("configure clamps, fills in defaults, and names what it changed") {
    static Rig rig;
    Request request(fresh_id(), configure, 3);
    request.args.text("comet");
    request.args.uint(7);
    request.args.map(3);
    request.args.text("tail");
    request.args.integer(-5);
    request.args.text("speed");
    request.args.integer(250);
    request.args.text("wings");
    request.args.integer(2);
    CHECK(rig.ask(request) == Status::ok);
    Reply reply(rig.reply());
    std::size_t count = 0;
    CHECK(reply.body.list(count) && count == 2 && reply.body.map(count));
    CHECK_EQ(count, 7);
    const struct { const char* name; int value; } want[] = {
        {"tail", 1}, {"count", 1}, {"spark", 160}, {"speed", 250}, {"bounce", 0}, {"colour", 0x40A0FF}, {"mirror", 1},
    };
    for (const auto& expected : want) {
        Bytes name;
        std::int64_t value = 0;
        CHECK(reply.body.text(name) && same_text(name, expected.name));
        CHECK(reply.body.integer(value));
        CHECK_EQ(value, expected.value);
    }
    Bytes name;
    CHECK(reply.body.end_map() && reply.body.list(count) && count == 2);
    CHECK(reply.body.text(name) && same_text(name, "tail"));
    CHECK(reply.body.text(name) && same_text(name, "?wings"));
}

TEST("a step draws, reports and shows one frame") {
    static Rig rig;
    CHECK(set_solid(rig, 0x112233) == Status::ok);
    CHECK(rig.ask(output, {255, 0}) == Status::ok);
    CHECK(rig.ask(step, {5}) == Status::ok);
    std::uint32_t result[2];
    CHECK_EQ(numbers(rig, result, 2), 2);
    std::uint8_t frame[7 * 3];
    for (std::size_t led = 0; led < 7; ++led) {
        frame[3 * led] = 0;
        frame[3 * led + 1] = 3;
        frame[3 * led + 2] = 7;
    }
    CHECK_EQ(result[0], crc32(frame, sizeof(frame)));
    CHECK_EQ(result[1], 7 + (7 * 10 * 20 + 254) / 255);
    for (const std::uint64_t tap : {3u, 5u}) {  // what is sent, and what the LEDs latched
        CHECK(rig.ask(read, {tap, 1, 0, 9}) == Status::ok);
        CHECK_BYTES(byte_string(Reply(rig.reply())), (Bytes{frame, 9}));
    }
}

TEST("the tap of symbols has the words of the frame and the reset") {
    static Rig rig;
    CHECK(set_solid(rig, 0x00FF00) == Status::ok);
    CHECK(rig.ask(output, {255, 0}) == Status::ok);
    CHECK(rig.ask(step, {0}) == Status::ok);
    CHECK(rig.ask(read, {4, 0, 0, 4 * 24 * 4 + 4}) == Status::ok);
    const Reply reply(rig.reply());
    const Bytes words = byte_string(reply);
    std::uint32_t word = 0;
    std::memcpy(&word, words.data, 4);
    CHECK_EQ(word, 0x00128020u);  // green comes first
    std::memcpy(&word, words.data + 4 * 8, 4);
    CHECK_EQ(word, 0x00228010u);
    std::memcpy(&word, words.data + 4 * 24 * 4, 4);
    CHECK_EQ(word, 0x00002EE0u);
}

TEST("a run equals as many steps, at every tap") {
    static Rig rig;
    for (std::uint64_t tap = 0; tap < kTaps; ++tap) {
        CHECK(choose(rig, "twinkle") == Status::ok);
        std::uint32_t crcs[40];
        CHECK(rig.ask(run, {1000, 70000, 40, tap}) == Status::ok);
        CHECK_EQ(numbers(rig, crcs, 40), 40);
        for (std::uint64_t i = 0; i < 40; ++i) {
            CHECK(rig.ask(step, {1000 + i * 70000}) == Status::ok);
            CHECK(rig.ask(run, {1000 + i * 70000, 0, 1, tap}) == Status::ok);
            std::uint32_t one = 0;
            CHECK_EQ(numbers(rig, &one, 1), 1);
            CHECK_EQ(one, crcs[i]);
        }
    }
}

TEST("in test mode time is frozen: no step waits for the line") {
    static Rig rig;
    CHECK(rig.ask(run, {0, 5000, 256, 5}) == Status::ok);
    CHECK(rig.ask(step, {0}) == Status::ok);
    CHECK_EQ(rig.clock.now, 0);
    CHECK(rig.leds.busy_us() > 0);
}

TEST("the same request again shows that a stateful pattern was not drawn twice") {
    static Rig rig;
    CHECK(choose(rig, "bloom") == Status::ok);
    Request request(fresh_id(), run, 4);
    for (const std::uint64_t value : {8000u, 8000u, 20u, 0u}) {
        request.args.uint(value);
    }
    CHECK(rig.ask(request) == Status::ok);
    const std::uint64_t frames = stat(rig, "frames");
    CHECK(rig.ask(request) == Status::ok);  // not the last request any more: drawn again
    CHECK(rig.ask(request) == Status::ok);  // the last one: answered from memory
    CHECK_EQ(stat(rig, "frames"), frames + 20);
    CHECK_EQ(stat(rig, "repeats"), 1);
}

TEST("A, B, A: reset-state brings back the same frames") {
    static Rig rig;
    for (const Pattern* pattern : {&kPulse, &kBloom, &kLava}) {
        std::uint32_t first[32];
        std::uint32_t again[32];
        CHECK(choose(rig, pattern->name) == Status::ok);
        CHECK(rig.ask(run, {0, 33000, 32, 0}) == Status::ok);
        numbers(rig, first, 32);
        CHECK(choose(rig, "comet") == Status::ok);
        CHECK(rig.ask(run, {0, 33000, 32, 0}) == Status::ok);
        CHECK(choose(rig, pattern->name) == Status::ok);
        CHECK(rig.ask(step, {12345678}) == Status::ok);
        CHECK(rig.ask(reset_state, {}) == Status::ok);
        CHECK(rig.ask(run, {0, 33000, 32, 0}) == Status::ok);
        numbers(rig, again, 32);
        CHECK(std::memcmp(first, again, sizeof(first)) == 0);
    }
}

TEST("output is clamped and reported as applied") {
    static Rig rig;
    std::uint32_t applied[2];
    CHECK(rig.ask(output, {300, 70000}) == Status::ok);
    CHECK_EQ(numbers(rig, applied, 2), 2);
    CHECK_EQ(applied[0], 255);
    CHECK_EQ(applied[1], 65535);
}

TEST("a challenge is answered as its vectors say") {
    CHECK(kChallengeVectors.count > 0);
    for (const ChallengeVector& want : kChallengeVectors) {
        std::uint8_t digest[Sha256::kSize];
        answer_challenge(want.question, {want.build, want.mac, want.nonce}, digest);
        CHECK_BYTES((Bytes{digest, sizeof(digest)}), want.digest);
    }
}

TEST("a challenge is answered with the build, the MAC and the boot nonce of who answers") {
    static Rig rig;
    const std::uint8_t question[16] = {1, 2, 3};
    Request request(fresh_id(), challenge, 1);
    request.args.bytes({question, sizeof(question)});
    CHECK(rig.ask(request) == Status::ok);
    Reply reply(rig.reply());
    std::uint8_t digest[Sha256::kSize];
    answer_challenge({question, sizeof(question)}, {"0123", rig.system.mac(), 0xC0FFEE01u}, digest);
    std::size_t count = 0;
    Bytes item;
    CHECK_EQ(reply.nonce, 0xC0FFEE01u);
    CHECK(reply.body.list(count) && count == 3 && reply.body.bytes(item));
    CHECK_BYTES(item, (Bytes{digest, sizeof(digest)}));
    CHECK(reply.body.text(item) && same_text(item, "0123"));
    CHECK(reply.body.text(item) && same_text(item, "24:0a:c4:00:12:ff"));
}

TEST("a question of another length is out of range, another type is refused") {
    static Rig rig;
    const std::uint8_t question[33] = {};
    for (const std::size_t size : {0u, 15u, 16u, 32u, 33u}) {
        Request request(fresh_id(), challenge, 1);
        request.args.bytes({question, size});
        CHECK(rig.ask(request) == (size == 16 || size == 32 ? Status::ok : Status::out_of_range));
    }
    CHECK(rig.ask(challenge, {1}) == Status::bad_args);
}

TEST("stats count what happened") {
    static Rig rig;
    const std::uint8_t noise[] = {0, 0xFF, 0xFE, 0xFD, 0};
    rig.stream.put(noise, sizeof(noise));
    rig.settle();
    CHECK(rig.ask(step, {0}) == Status::ok);
    rig.clock.now = 5000000000ull;
    CHECK_EQ(stat(rig, "naks"), 1);
    CHECK_EQ(stat(rig, "frames-broken"), 1);
    CHECK_EQ(stat(rig, "frames"), 1);
    CHECK_EQ(stat(rig, "uptime-us"), 5000000000ull);
    CHECK_EQ(stat(rig, "heap-min"), 1000);
    CHECK_EQ(stat(rig, "allocations"), 3);
    CHECK_EQ(stat(rig, "stack-free"), 2000);
    CHECK_EQ(stat(rig, "requests"), 9);
}

TEST("reboot sends its reply first") {
    static Rig rig;
    CHECK(rig.ask(reboot, {}) == Status::ok);
    CHECK(rig.system.reboots > 0);
}

TEST("reboot does not wait for ever for a peer that does not read") {
    static Rig rig;
    rig.settle();
    rig.stream.room = 0;
    rig.send(Request(fresh_id(), reboot, 0).cbor());
    rig.app.tick();
    CHECK_EQ(rig.system.reboots, 1);
    CHECK(rig.clock.now >= 500000);
}

TEST("a newline gets a banner that names the firmware") {
    static Rig rig;
    rig.settle();
    rig.stream.forget_sent();
    rig.stream.put(reinterpret_cast<const std::uint8_t*>("\n"), 1);
    rig.settle();
    const Bytes text = rig.stream.sent();
    CHECK(text.size > 30 && std::memcmp(text.data, "led-controller 1.2.3", 20) == 0);
    CHECK_EQ(text.data[text.size - 1], '\n');
}

TEST("requests that come in one after the other are all answered, though the peer reads slowly") {
    static Rig rig;
    rig.settle();
    rig.stream.forget_sent();
    static std::uint8_t payload[1500];
    for (std::uint32_t id = 1; id <= 30; ++id) {
        Request request(700 + id, echo, 1);
        request.args.bytes({payload, sizeof(payload)});
        rig.send(request.cbor());
    }
    for (int i = 0; i < 2000; ++i) {
        rig.stream.room = 50;
        rig.app.tick();
    }
    Inbox inbox(rig.stream.sent());
    for (std::uint32_t id = 1; id <= 30; ++id) {
        CHECK(inbox.next(MessageType::response));
        CHECK_EQ(Reply(inbox.message()).id, 700 + id);
    }
}

TEST("the app ends when its stream does, after answering what came in before") {
    static Rig rig;
    rig.send(Request(fresh_id(), hello, 0).cbor());
    rig.app.tick();
    rig.stream.is_open = false;
    rig.app.run();
    Inbox inbox(rig.stream.sent());
    CHECK(inbox.next(MessageType::response));
}
