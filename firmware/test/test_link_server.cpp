#include <cstring>

#include "app/frame_report.hpp"
#include "check.hpp"
#include "link/server.hpp"
#include "rig.hpp"
#include "vectors.hpp"

using namespace hk;
using namespace hk::test;

namespace {

constexpr std::uint32_t kNonce = 3237998081u;  // the one of the vectors

/// Answers with how often it was called, or as it is told.
class Counter final : public RequestHandler {
public:
    Outcome execute(std::uint64_t, Arguments, CborWriter& body) override {
        ++calls;
        for (std::size_t i = 0; i < items; ++i) {
            body.uint(0xFFFFFFFFu);
        }
        body.uint(calls);
        return outcome;
    }

    std::uint32_t calls = 0;
    std::size_t items = 0;
    Outcome outcome;
};

struct Desk {
    Desk() { server.begin(kNonce, "banner\r\n"); }

    std::size_t feed(Bytes wire) { return server.receive(wire.data, wire.size); }
    Bytes out() const { return outbox.pending(); }
    void forget() { outbox.sent(outbox.pending().size); }

    Status ask(const Request& request) {
        std::uint8_t wire[2 * kMaxWire];
        forget();
        feed({wire, frame(request.cbor(), wire)});
        Inbox inbox(out());
        CHECK(inbox.next(MessageType::response));
        Reply reply(inbox.message());
        CHECK_EQ(reply.nonce, kNonce);
        return reply.status;
    }

    Counter handler;
    Outbox outbox;
    Server server{handler, outbox};
};

}  // namespace

TEST("broken frames of the vectors are answered by a NAK with their reason and a running count") {
    Desk desk;
    std::uint32_t lost = 0;
    for (const BrokenVector& want : kBrokenVectors) {
        desk.forget();
        CHECK_EQ(desk.feed(want.wire), want.wire.size);
        Inbox inbox(desk.out());
        CHECK(inbox.next());
        CborReader nak(inbox.message());
        std::size_t count = 0;
        std::uint32_t field[4] = {};
        CHECK(nak.list(count) && count == 4);
        for (std::uint32_t& value : field) {
            CHECK(read_uint(nak, 0xFFFFFFFFu, value));
        }
        CHECK_EQ(field[0], 4);
        CHECK_EQ(field[1], kNonce);
        CHECK_EQ(field[2], want.reason);
        CHECK_EQ(field[3], ++lost);
        CHECK(!inbox.next());
    }
    CHECK_EQ(desk.server.counters().naks, kBrokenVectors.count);
    CHECK_EQ(desk.handler.calls, 0);
}

TEST("NAK, log and frame event are written as the vectors have them") {
    Desk desk;
    desk.feed(kBrokenVectors.items[0].wire);
    CHECK_BYTES(desk.out(), message("nak, bad crc").wire);
    desk.forget();
    desk.server.log(LogLevel::warning, 77000, "strip 1 is late");
    CHECK_BYTES(desk.out(), message("log").wire);
    std::uint8_t buffer[kFrameEventSize];
    CborWriter writer(buffer, sizeof(buffer));
    write_frame_event(writer, kNonce, {41, 1000000, 812, 5100, 3735928559u, 2345, 0});
    CHECK_BYTES((Bytes{buffer, writer.size()}), message("frame event").cbor);
}

TEST("a request is carried out once, and a repeat gets the same reply") {
    Desk desk;
    CHECK(desk.ask(Request(5, 0, 0)) == Status::ok);
    std::uint8_t first[64];
    const std::size_t size = desk.out().size;
    std::memcpy(first, desk.out().data, size);
    CHECK(desk.ask(Request(5, 0, 0)) == Status::ok);
    CHECK_BYTES(desk.out(), (Bytes{first, size}));
    CHECK_EQ(desk.handler.calls, 1);
    CHECK_EQ(desk.server.counters().repeats, 1);
    CHECK(desk.ask(Request(6, 0, 0)) == Status::ok);
    CHECK_EQ(desk.handler.calls, 2);
}

TEST("an id that comes again with another request is refused and leaves the last reply alone") {
    Desk desk;
    CHECK(desk.ask(Request(5, 0, 0)) == Status::ok);
    CHECK(desk.ask(Request(5, 1, 0)) == Status::id_reused);
    CHECK_EQ(desk.handler.calls, 1);
    CHECK(desk.ask(Request(5, 0, 0)) == Status::ok);
    CHECK_EQ(desk.handler.calls, 1);
}

TEST("a refusal carries its reason and nothing of the body") {
    Desk desk;
    desk.handler.outcome = {Status::bad_args, "time-us"};
    CHECK(desk.ask(Request(4294967284u, 9, 0)) == Status::bad_args);
    CHECK_BYTES(desk.out(), message("reply: bad arguments").wire);
}

TEST("a reply that is longer than the mtu becomes an error") {
    Desk desk;
    desk.handler.items = kMtu / 4;
    CHECK(desk.ask(Request(1, 0, 0)) == Status::internal);
}

TEST("arguments that are no array are bad arguments") {
    Desk desk;
    const std::uint8_t cbor[] = {0x84, 0, 1, 0, 0x61, 'x'};
    std::uint8_t wire[32];
    desk.feed({wire, frame({cbor, sizeof(cbor)}, wire)});
    Inbox inbox(desk.out());
    CHECK(inbox.next(MessageType::response));
    CHECK(Reply(inbox.message()).status == Status::bad_args);
    CHECK_EQ(desk.handler.calls, 0);
}

TEST("a bare newline gets the banner as plain text") {
    Desk desk;
    desk.server.receive(reinterpret_cast<const std::uint8_t*>("\r\n"), 2);
    CHECK_BYTES(desk.out(), (Bytes{reinterpret_cast<const std::uint8_t*>("banner\r\n"), 8}));
}

TEST("no request is taken before there is room for its reply, and none is lost") {
    Desk desk;
    desk.handler.items = 380;  // a reply of about 1900 bytes
    std::uint8_t wire[1000];
    std::size_t size = 0;
    for (std::uint32_t id = 1; id <= 50; ++id) {
        size += frame(Request(id, 0, 0).cbor(), wire + size);
    }
    std::size_t at = 0;
    std::uint32_t replies = 0;
    int rounds = 0;
    while (at < size && rounds++ < 1000) {
        at += desk.feed({wire + at, size - at});
        CHECK(at == size || !desk.outbox.has_room());
        Inbox inbox(desk.out());
        while (inbox.next(MessageType::response)) {
            CHECK_EQ(Reply(inbox.message()).id, ++replies);
        }
        desk.forget();
    }
    CHECK_EQ(replies, 50);
}

TEST("ten thousand mutated requests: the server always answers the next good one") {
    static Desk desk;
    Random random(4711);
    std::uint8_t wire[2 * kMaxWire];
    std::uint8_t cbor[kMtu];
    for (std::uint32_t round = 0; round < 10000; ++round) {
        const MessageVector& base = kMessageVectors.items[random.below(static_cast<std::uint32_t>(kMessageVectors.count))];
        std::memcpy(cbor, base.cbor.data, base.cbor.size);
        for (std::uint32_t i = 0; i <= random.below(4); ++i) {
            cbor[random.below(static_cast<std::uint32_t>(base.cbor.size))] = random.byte();
        }
        const std::size_t size = 1 + random.below(static_cast<std::uint32_t>(base.cbor.size));
        desk.feed({wire, frame({cbor, size}, wire)});  // framed well: what is inside has to be judged
        CHECK(desk.ask(Request(1000000 + round, 0, 0)) == Status::ok);
    }
}
