#include <cstring>

#include "check.hpp"
#include "link/cbor_scan.hpp"
#include "link/cbor_writer.hpp"
#include "link/cobs.hpp"
#include "link/crc32.hpp"
#include "link/frame_reader.hpp"
#include "link/outbox.hpp"
#include "link/sha256.hpp"
#include "rig.hpp"
#include "vectors.hpp"

using namespace hk;
using namespace hk::test;
using Found = FrameReader::Found;

namespace {

// Feeds all bytes; returns the first finding other than nothing.
Found feed(FrameReader& reader, Bytes bytes) {
    Found first = Found::nothing;
    for (std::size_t i = 0; i < bytes.size && first == Found::nothing; ++i) {
        first = reader.push(bytes.data[i]);
    }
    return first;
}

Found feed(FrameReader& reader, const char* text) {
    return feed(reader, {reinterpret_cast<const std::uint8_t*>(text), std::strlen(text)});
}

// A reader is as good as new if it still finds a frame.
void check_recovers(FrameReader& reader) {
    const MessageVector hello = message("request: hello");
    reader.push(0);
    CHECK(feed(reader, hello.wire) == Found::message);
    CHECK_BYTES(reader.message(), hello.cbor);
}

}  // namespace

TEST("CRC-32 equals its vectors") {
    CHECK(kCrcVectors.count > 0);
    for (const CrcVector& want : kCrcVectors) {
        CHECK_EQ(crc32(want.bytes.data, want.bytes.size), want.crc);
        const std::size_t half = want.bytes.size / 2;
        const std::uint32_t first = crc32(want.bytes.data, half);
        CHECK_EQ(crc32(want.bytes.data + half, want.bytes.size - half, first), want.crc);
    }
}

TEST("SHA-256 equals its vectors, however the message is cut") {
    CHECK(kShaVectors.count > 0);
    for (const PairVector& want : kShaVectors) {
        for (std::size_t cut = 0; cut <= want.plain.size; ++cut) {
            Sha256 sha;
            sha.add({want.plain.data, cut});
            sha.add({want.plain.data + cut, want.plain.size - cut});
            std::uint8_t digest[Sha256::kSize];
            sha.finish(digest);
            CHECK_BYTES((Bytes{digest, sizeof(digest)}), want.result);
        }
    }
}

TEST("COBS equals its vectors both ways") {
    CHECK(kCobsVectors.count > 0);
    for (const PairVector& want : kCobsVectors) {
        std::uint8_t buffer[kMaxChunk];
        CobsEncoder encoder(buffer);
        encoder.put(want.plain.data, want.plain.size);
        const std::size_t size = encoder.finish();
        CHECK_BYTES((Bytes{buffer, size}), want.result);
        const std::size_t decoded = cobs_decode(buffer, size);
        CHECK_BYTES((Bytes{buffer, decoded}), want.plain);
    }
}

TEST("every message of the vectors is framed and found again") {
    CHECK(kMessageVectors.count > 0);
    for (const MessageVector& want : kMessageVectors) {
        static Outbox outbox;
        CHECK(outbox.reply(want.cbor));
        CHECK_BYTES(outbox.pending(), want.wire);
        outbox.sent(want.wire.size);
        CHECK_EQ(crc32(want.cbor.data, want.cbor.size), want.crc);
        Inbox inbox(want.wire);
        CHECK(inbox.next());
        CHECK_BYTES(inbox.message(), want.cbor);
        CHECK(is_deterministic_cbor(want.cbor));
    }
}

TEST("every request of the vectors is found by the reader") {
    for (const MessageVector& want : kMessageVectors) {
        if (std::strncmp(want.name, "request: ", 9) == 0) {
            FrameReader reader;
            CHECK(feed(reader, want.wire) == Found::message);
            CHECK_BYTES(reader.message(), want.cbor);
        }
    }
}

TEST("every broken frame of the vectors is refused for its reason, and the next one is found") {
    CHECK(kBrokenVectors.count > 0);
    for (const BrokenVector& want : kBrokenVectors) {
        FrameReader reader;
        const Found found = feed(reader, want.wire);
        switch (static_cast<NakReason>(want.reason)) {
            case NakReason::bad_crc: CHECK(found == Found::bad_crc); break;
            case NakReason::bad_cobs: CHECK(found == Found::bad_cobs); break;
            case NakReason::too_long: CHECK(found == Found::too_long); break;
            case NakReason::bad_cbor: CHECK(found == Found::message); break;  // for the server to see
        }
        check_recovers(reader);
    }
}

TEST("a frame of any length up to the mtu survives the way there and back") {
    static std::uint8_t cbor[kMtu + 1];
    static std::uint8_t wire[2 * kMaxWire];
    Random random(3);
    for (std::size_t size = 1; size <= kMtu + 1; size += size < 600 ? 1 : 97) {
        for (std::size_t i = 0; i < size; ++i) {
            cbor[i] = size % 3 == 0 ? 0xFF : size % 3 == 1 ? 0 : random.byte();
        }
        cbor[0] = 0x84;  // as every request begins
        cbor[1] = 0;
        FrameReader reader;
        const Found found = feed(reader, {wire, frame({cbor, size}, wire)});
        CHECK(found == (size <= kMtu ? Found::message : Found::too_long));
        CHECK_BYTES(reader.message(), (Bytes{cbor, found == Found::message ? size : 0}));
    }
}

TEST("a chunk that goes on for ever is too long, and costs no more memory") {
    FrameReader reader;
    for (int i = 0; i < 100000; ++i) {
        CHECK(reader.push(0xA5) == Found::nothing);
    }
    CHECK(reader.push(0) == Found::too_long);
    check_recovers(reader);
}

TEST("a newline between frames is a bare line, with or without a carriage return") {
    FrameReader reader;
    CHECK(reader.push('\n') == Found::bare_line);
    CHECK(feed(reader, "\r\n") == Found::bare_line);
    check_recovers(reader);
    CHECK(reader.push('\n') == Found::bare_line);
}

TEST("text between frames is neither a frame nor broken") {
    FrameReader reader;
    CHECK(feed(reader, "rst:0x1 (POWERON_RESET)\r\nets Jul 29 2019\r\n") == Found::nothing);
    CHECK(reader.push('\n') == Found::bare_line);
    CHECK(feed(reader, "no end of line") == Found::nothing);
    CHECK(reader.push(0) == Found::nothing);
    check_recovers(reader);
}

TEST("a newline within a frame is a byte like any other") {
    std::uint8_t wire[kMaxWire];
    const std::uint8_t cbor[5] = {0x84, 0, '\n', '\r', '\n'};
    FrameReader reader;
    CHECK(feed(reader, {wire, frame({cbor, 5}, wire)}) == Found::message);
    CHECK_BYTES(reader.message(), (Bytes{cbor, 5}));
}

TEST("ten thousand chunks of noise: no finding is false, and a frame is found after each") {
    static FrameReader reader;
    Random random(20261124);
    int messages = 0;
    int broken = 0;
    for (int round = 0; round < 10000; ++round) {
        const std::uint32_t size = random.below(round % 50 == 0 ? 4000 : 90);
        for (std::uint32_t i = 0; i < size; ++i) {
            const Found found = reader.push(random.byte());
            messages += found == Found::message ? 1 : 0;
            broken += found > Found::bare_line ? 1 : 0;
        }
        check_recovers(reader);
    }
    CHECK_EQ(messages, 0);
    CHECK(broken > 1000);
}

TEST("a frame with one byte changed, lost or doubled is never taken for another") {
    static FrameReader reader;
    static std::uint8_t wire[kMaxWire + 1];
    Random random(99);
    const Bytes good = message("request: configure, parameters").wire;
    for (int round = 0; round < 10000; ++round) {
        const std::size_t at = 1 + random.below(static_cast<std::uint32_t>(good.size - 2));
        std::memcpy(wire, good.data, good.size);
        std::size_t size = good.size;
        switch (random.below(3)) {
            case 0: wire[at] = static_cast<std::uint8_t>(wire[at] ^ (1 + random.below(255))); break;
            case 1: std::memmove(wire + at, wire + at + 1, --size - at); break;
            default: std::memmove(wire + at + 1, wire + at, size++ - at); break;
        }
        for (std::size_t i = 0; i < size; ++i) {
            CHECK(reader.push(wire[i]) != Found::message);
        }
        check_recovers(reader);
    }
}

TEST("a frame that is cut off anywhere is broken or nothing, and the next one is found") {
    const Bytes good = message("request: echo of all byte values").wire;
    for (std::size_t size = 0; size < good.size - 1; ++size) {
        FrameReader reader;
        CHECK(feed(reader, {good.data, size}) == Found::nothing);
        CHECK(reader.push(0) != Found::message);
        check_recovers(reader);
    }
}

TEST("CBOR that is not deterministic, not whole or too deep is refused") {
    const auto scan = [](const char* bytes, std::size_t size) {
        return is_deterministic_cbor({reinterpret_cast<const std::uint8_t*>(bytes), size});
    };
    CHECK(scan("\x80", 1));
    CHECK(scan("\x18\x18", 2));
    CHECK(!scan("\x18\x17", 2));              // 23 in two bytes
    CHECK(!scan("\x19\x00\xff", 3));          // 255 in three
    CHECK(!scan("\x1a\x00\x00\xff\xff", 5));  // 65535 in five
    CHECK(!scan("\x9f\xff", 2));              // indefinite
    CHECK(!scan("\x5f\x41\x61\xff", 4));
    CHECK(!scan("\x82\x01", 2));              // one item short
    CHECK(!scan("\x81\x01\x02", 3));          // one too many
    CHECK(!scan("\x43\x01\x02", 3));
    CHECK(!scan("\xbb\xff\xff\xff\xff\xff\xff\xff\xff", 9));
    CHECK(!scan("\x1c", 1));
    CHECK(!scan("", 0));
    std::uint8_t deep[2000];
    std::memset(deep, 0x81, sizeof(deep));
    deep[sizeof(deep) - 1] = 0x80;
    CHECK(!is_deterministic_cbor({deep, sizeof(deep)}));
    CHECK(is_deterministic_cbor({deep + sizeof(deep) - 8, 8}));
}

TEST("the writer uses the shortest form of every number and length") {
    std::uint8_t buffer[400];
    CborWriter writer(buffer, sizeof(buffer));
    const std::uint64_t edges[] = {0, 23, 24, 255, 256, 65535, 65536, 0xFFFFFFFFull, 0x100000000ull, ~0ull};
    writer.array(24 + 10 + 3);
    for (int i = 0; i < 24; ++i) {
        writer.null();
    }
    for (const std::uint64_t edge : edges) {
        writer.uint(edge);
    }
    writer.integer(-1);
    writer.integer(-25);
    writer.map(0);
    CHECK(writer.ok());
    CHECK(is_deterministic_cbor({buffer, writer.size()}));
}

TEST("a writer that is full says so and never writes past its end") {
    std::uint8_t buffer[12];
    std::memset(buffer, 0xEE, sizeof(buffer));
    CborWriter writer(buffer, 8);
    writer.text("longer than eight");
    writer.uint(1);
    CHECK(!writer.ok());
    for (std::size_t i = 8; i < sizeof(buffer); ++i) {
        CHECK_EQ(buffer[i], 0xEE);
    }
    writer.restart();
    writer.uint(1);
    CHECK(writer.ok());
    CHECK_EQ(writer.size(), 1);
}

TEST("events give way before replies, and each that is lost is counted") {
    static Outbox outbox;
    const Bytes event = message("frame event").cbor;
    std::uint32_t offered = 0;
    while (outbox.offer(event)) {
        ++offered;
    }
    CHECK(offered > 10);
    CHECK_EQ(outbox.lost(), 1);
    CHECK(outbox.has_room());
    static std::uint8_t longest[kMtu];
    std::memset(longest, 0x55, sizeof(longest));
    CHECK(outbox.reply({longest, kMtu}));
    CHECK(!outbox.has_room());
    CHECK(!outbox.offer(event));
    CHECK_EQ(outbox.lost(), 2);
    Inbox inbox(outbox.pending());
    for (std::uint32_t i = 0; i < offered; ++i) {
        CHECK(inbox.next());
        CHECK_BYTES(inbox.message(), event);
    }
    CHECK(inbox.next());
    CHECK_EQ(inbox.message().size, kMtu);
}
