// Ports that a test holds in its hands, and a whole app on top of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "app/app.hpp"
#include "check.hpp"
#include "host/led_strips.hpp"
#include "link/limits.hpp"

namespace hk::test {

/// The same numbers in every run.
class Random {
public:
    explicit Random(std::uint32_t seed) : state_(seed) {}

    std::uint32_t u32();
    std::uint16_t u16() { return static_cast<std::uint16_t>(u32() >> 16); }
    std::uint8_t byte() { return static_cast<std::uint8_t>(u32() >> 24); }
    std::uint32_t below(std::uint32_t limit) { return u32() % limit; }

private:
    std::uint32_t state_;
};

class FakeClock final : public Clock {
public:
    std::uint64_t now_us() override { return now; }

    std::uint64_t now = 0;
};

/// A stream with both ends in memory; `room` is how much the peer still takes. Waiting lets the
/// clock go on by the whole time-out.
class FakeStream final : public ByteStream {
public:
    explicit FakeStream(FakeClock& clock) : clock_(clock) {}

    std::size_t read(std::uint8_t* out, std::size_t capacity) override;
    std::size_t write(const std::uint8_t* data, std::size_t size) override;
    bool open() const override { return is_open; }
    void wait(bool, bool, std::uint32_t timeout_us) override { clock_.now += timeout_us; }

    void put(const std::uint8_t* data, std::size_t size);
    Bytes sent() const { return {out_, out_size_}; }
    void forget_sent() { out_size_ = 0; }
    std::size_t unread() const { return in_size_ - in_at_; }

    bool is_open = true;
    std::size_t room = static_cast<std::size_t>(-1);

private:
    FakeClock& clock_;
    std::uint8_t in_[65536];
    std::size_t in_size_ = 0;
    std::size_t in_at_ = 0;
    std::uint8_t out_[262144];
    std::size_t out_size_ = 0;
};

class FakeStorage final : public Storage {
public:
    bool available() const override { return present; }
    std::size_t read(std::uint8_t* out, std::size_t capacity) override;
    bool write(const std::uint8_t* data, std::size_t size) override;

    bool present = true;
    bool refuses = false;
    std::uint8_t cells[1024];
    std::size_t used = 0;
    int writes = 0;
};

class FakeSystem final : public System {
public:
    const char* reset_reason() const override { return "external"; }
    std::uint32_t random() override { return nonces[drawn < 2 ? drawn++ : 2]; }
    Mac mac() const override { return {{0x24, 0x0a, 0xc4, 0, 0x12, 0xff}}; }
    std::size_t heap_min() override { return 1000; }
    std::uint32_t allocations() override { return 3; }
    std::size_t stack_free() override { return 2000; }
    const char* port() const override { return "fake"; }
    void reboot() override { ++reboots; }

    std::uint32_t nonces[3] = {0, 0xC0FFEE01, 7};  // the first may not be used
    int drawn = 0;
    int reboots = 0;
};

/// The operations of link.cddl.
enum Op : std::uint64_t {
    hello, echo, patterns, describe, configure, output, audio, mode, reset_state, step, run, read, stats, reboot, save,
    challenge
};

/// An id that no request had before.
std::uint32_t fresh_id();

inline constexpr Profile kSmall{"small", 2, {{5, 4, kWireOrder}, {4, 3, kWireOrder}}};

/// A request that is being written, framed when it is sent.
class Request {
public:
    Request(std::uint32_t id, std::uint64_t op, std::size_t args);

    CborWriter args;
    Bytes cbor() const { return {buffer_, args.size()}; }

private:
    std::uint8_t buffer_[4096];
};

/// The messages in what was sent, one after the other: what a host does, so it knows no text lines.
class Inbox {
public:
    explicit Inbox(Bytes sent) : sent_(sent) {}

    /// Moves on to the next message; false at the end. Whatever is no valid frame fails the test.
    bool next();
    /// Moves on to the next message of that type; false if there is none.
    bool next(MessageType type);
    MessageType type();
    Bytes message() const { return {chunk_, size_}; }

private:
    Bytes sent_;
    std::size_t at_ = 0;
    std::uint8_t chunk_[kMaxChunk];
    std::size_t size_ = 0;
};

/// An app on fake ports with real strips, begun.
struct Rig {
    Rig();

    /// Sends a request, lets the app run, and finds the reply: the reader stands at its body.
    /// Fails the test if there is none.
    Status ask(const Request& request);
    /// The same for a request whose arguments are numbers.
    Status ask(Op op, std::initializer_list<std::uint64_t> numbers);
    Bytes reply() const { return {reply_, reply_size_}; }

    /// Puts the frame of some CBOR on the wire.
    void send(Bytes cbor);
    void settle();

    FakeClock clock;
    FakeStream stream{clock};
    FakeStorage storage;
    FakeSystem system;
    host::LedStrips leds{clock};
    Ports ports{stream, clock, leds, storage, system};
    WorkspaceMemory<7> memory;
    BuildInfo build{"led-controller", "1.2.3", "", true, "0123", "small", "esp32"};
    App app{ports, build, kSmall, memory.view()};

private:
    std::uint8_t reply_[kMtu];
    std::size_t reply_size_ = 0;
};

/// Frames `cbor` into `out`, which has kMaxWire bytes or more; returns the length.
std::size_t frame(Bytes cbor, std::uint8_t* out);

/// Reads a reply down to its body.
struct Reply {
    explicit Reply(Bytes message);

    CborReader body;
    std::uint32_t id = 0;
    std::uint32_t nonce = 0;
    Status status = Status::internal;
};

}  // namespace hk::test
