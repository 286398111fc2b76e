#include "link/server.hpp"

#include <cstring>

#include "link/cbor_scan.hpp"

namespace hk {

void Server::begin(std::uint32_t nonce, const char* banner) {
    nonce_ = nonce;
    banner_ = banner;
}

std::size_t Server::receive(const std::uint8_t* data, std::size_t size) {
    std::size_t taken = 0;
    while (taken < size && outbox_.has_room()) {
        switch (reader_.push(data[taken++])) {
            case FrameReader::Found::nothing: break;
            case FrameReader::Found::message: handle(reader_.message()); break;
            case FrameReader::Found::bare_line: outbox_.text(banner_); break;
            case FrameReader::Found::bad_crc: nak(NakReason::bad_crc); break;
            case FrameReader::Found::bad_cobs: nak(NakReason::bad_cobs); break;
            case FrameReader::Found::too_long: nak(NakReason::too_long); break;
        }
    }
    return taken;
}

void Server::log(LogLevel level, std::uint64_t time_us, const char* text) {
    constexpr std::size_t kMost = 200;
    std::uint8_t buffer[kMost + 24];
    const std::size_t length = std::strlen(text);
    CborWriter writer(buffer, sizeof(buffer));
    writer.array(5);
    writer.uint(static_cast<std::uint64_t>(MessageType::log));
    writer.uint(nonce_);
    writer.uint(static_cast<std::uint64_t>(level));
    writer.uint(time_us);
    writer.text({reinterpret_cast<const std::uint8_t*>(text), length < kMost ? length : kMost});
    outbox_.offer({buffer, writer.size()});
}

void Server::handle(Bytes message) {
    RequestHead head;
    CborReader reader(message);
    if (!is_deterministic_cbor(message) || !read_request(reader, head)) {
        nak(NakReason::bad_cbor);
        return;
    }
    if (head.id == last_id_) {
        if (is_last(message)) {
            ++counters_.repeats;
            outbox_.reply({last_reply_, last_reply_size_});
        } else {
            refuse(head, {Status::id_reused, "another request had this id"});
        }
        return;
    }
    std::memcpy(last_request_, message.data, message.size);
    last_request_size_ = message.size;
    last_id_ = head.id;
    ++counters_.requests;
    Arguments args{reader, 0};
    answer(head, args);
    outbox_.reply({last_reply_, last_reply_size_});
}

// Writes the reply to last_reply_: the body first as if all went well, and anew if it did not.
void Server::answer(const RequestHead& head, Arguments args) {
    CborWriter writer(last_reply_, sizeof(last_reply_));
    write_response(writer, head.id, nonce_, Status::ok);
    Outcome outcome{Status::bad_args, "args is no array"};
    if (args.reader.list(args.count)) {
        outcome = handler_.execute(head.op, args, writer);
    }
    if (outcome.status == Status::ok && !writer.ok()) {
        outcome = {Status::internal, "the reply is longer than the mtu"};
    }
    if (outcome.status != Status::ok) {
        writer.restart();
        write_response(writer, head.id, nonce_, outcome.status);
        writer.text(outcome.reason);
    }
    last_reply_size_ = writer.size();
}

void Server::refuse(const RequestHead& head, Outcome outcome) {
    std::uint8_t buffer[kResponseHead + 64];
    CborWriter writer(buffer, sizeof(buffer));
    write_response(writer, head.id, nonce_, outcome.status);
    writer.text(outcome.reason);
    outbox_.reply({buffer, writer.size()});
}

void Server::nak(NakReason reason) {
    std::uint8_t buffer[24];
    CborWriter writer(buffer, sizeof(buffer));
    ++counters_.broken;
    ++counters_.naks;
    writer.array(4);
    writer.uint(static_cast<std::uint64_t>(MessageType::nak));
    writer.uint(nonce_);
    writer.uint(static_cast<std::uint64_t>(reason));
    writer.uint(counters_.broken);
    outbox_.reply({buffer, writer.size()});
}

bool Server::is_last(Bytes message) const {
    return message.size == last_request_size_ &&
           std::memcmp(message.data, last_request_, message.size) == 0;
}

}  // namespace hk
