#include "rig.hpp"

#include <cstring>

#include "link/cobs.hpp"
#include "link/crc32.hpp"

namespace hk::test {
namespace {

struct Tail {
    std::uint8_t bytes[kCrcBytes];
};

Tail little_endian(std::uint32_t crc) {
    return {{static_cast<std::uint8_t>(crc), static_cast<std::uint8_t>(crc >> 8),
             static_cast<std::uint8_t>(crc >> 16), static_cast<std::uint8_t>(crc >> 24)}};
}

}  // namespace

std::uint32_t Random::u32() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    return state_;
}

std::size_t FakeStream::read(std::uint8_t* out, std::size_t capacity) {
    const std::size_t size = unread() < capacity ? unread() : capacity;
    std::memcpy(out, in_ + in_at_, size);
    in_at_ += size;
    if (in_at_ == in_size_) {
        in_at_ = in_size_ = 0;
    }
    return size;
}

std::size_t FakeStream::write(const std::uint8_t* data, std::size_t size) {
    std::size_t taken = size < room ? size : room;
    taken = taken < sizeof(out_) - out_size_ ? taken : sizeof(out_) - out_size_;
    std::memcpy(out_ + out_size_, data, taken);
    out_size_ += taken;
    room -= taken;
    return taken;
}

void FakeStream::put(const std::uint8_t* data, std::size_t size) {
    CHECK(size <= sizeof(in_) - in_size_);
    std::memcpy(in_ + in_size_, data, size);
    in_size_ += size;
}

std::size_t FakeStorage::read(std::uint8_t* out, std::size_t capacity) {
    const std::size_t size = used < capacity ? used : capacity;
    std::memcpy(out, cells, size);
    return size;
}

bool FakeStorage::write(const std::uint8_t* data, std::size_t size) {
    if (refuses || size > sizeof(cells)) {
        return false;
    }
    std::memcpy(cells, data, size);
    used = used > size ? used : size;
    ++writes;
    return true;
}

std::uint32_t fresh_id() {
    static std::uint32_t last = 0;
    return ++last;
}

Request::Request(std::uint32_t id, std::uint64_t op, std::size_t count) : args(buffer_, sizeof(buffer_)) {
    args.array(4);
    args.uint(0);
    args.uint(id);
    args.uint(op);
    args.array(count);
}

bool Inbox::next() {
    while (at_ < sent_.size) {
        size_ = 0;
        while (at_ < sent_.size && sent_.data[at_] != 0) {
            chunk_[size_++ % kMaxChunk] = sent_.data[at_++];
        }
        ++at_;
        if (size_ == 0) {
            continue;
        }
        const std::size_t size = size_ <= kMaxChunk ? cobs_decode(chunk_, size_) : kCobsBroken;
        const bool sound = size != kCobsBroken && size > kCrcBytes && at_ <= sent_.size;
        CHECK(sound);
        size_ = sound ? size - kCrcBytes : 0;
        CHECK(std::memcmp(chunk_ + size_, little_endian(crc32(chunk_, size_)).bytes, kCrcBytes) == 0);
        return sound;
    }
    return false;
}

bool Inbox::next(MessageType wanted) {
    while (next()) {
        if (type() == wanted) {
            return true;
        }
    }
    return false;
}

MessageType Inbox::type() {
    CborReader reader(message());
    std::size_t count = 0;
    std::uint32_t value = 99;
    CHECK(reader.list(count) && read_uint(reader, 4, value));
    return static_cast<MessageType>(value);
}

std::size_t frame(Bytes cbor, std::uint8_t* out) {
    const Tail tail = little_endian(crc32(cbor.data, cbor.size));
    out[0] = 0;
    CobsEncoder cobs(out + 1);
    cobs.put(cbor.data, cbor.size);
    cobs.put(tail.bytes, kCrcBytes);
    const std::size_t size = cobs.finish();
    out[1 + size] = 0;
    return size + 2;
}

Reply::Reply(Bytes message) : body(message) {
    std::size_t count = 0;
    std::uint32_t type = 0;
    std::uint32_t value = 99;
    CHECK(body.list(count) && count == 5 && read_uint(body, 1, type) && type == 1);
    CHECK(read_uint(body, 0xFFFFFFFFu, id) && read_uint(body, 0xFFFFFFFFu, nonce) && read_uint(body, 7, value));
    status = static_cast<Status>(value);
}

Rig::Rig() { app.begin(); }

void Rig::send(Bytes cbor) {
    std::uint8_t wire[2 * kMaxWire];
    stream.put(wire, frame(cbor, wire));
}

void Rig::settle() {
    do {
        app.tick();
    } while (stream.unread() > 0);
    app.tick();
}

Status Rig::ask(const Request& request) {
    CHECK(request.args.ok());
    stream.forget_sent();
    send(request.cbor());
    settle();
    Inbox inbox(stream.sent());
    if (!inbox.next(MessageType::response)) {
        fail(__FILE__, __LINE__, "no reply");
        return Status::internal;
    }
    reply_size_ = inbox.message().size;
    std::memcpy(reply_, inbox.message().data, reply_size_);
    return Reply(reply()).status;
}

Status Rig::ask(Op op, std::initializer_list<std::uint64_t> numbers) {
    Request request(fresh_id(), op, numbers.size());
    for (const std::uint64_t number : numbers) {
        request.args.uint(number);
    }
    return ask(request);
}

}  // namespace hk::test
