// The messages of link.cddl and how they begin.
#pragma once

#include <cstddef>
#include <cstdint>

#include "hal/bytes.hpp"
#include "link/cbor_reader.hpp"
#include "link/cbor_writer.hpp"
#include "link/limits.hpp"

namespace hk {

enum class MessageType : std::uint8_t { request = 0, response = 1, event = 2, log = 3, nak = 4 };

enum class Status : std::uint8_t {
    ok = 0,
    unknown_op = 1,
    bad_args = 2,
    not_found = 3,
    wrong_mode = 4,
    out_of_range = 5,
    id_reused = 6,
    internal = 7,
};

enum class NakReason : std::uint8_t { bad_crc = 0, bad_cobs = 1, bad_cbor = 2, too_long = 3 };

enum class LogLevel : std::uint8_t { error = 0, warning = 1, info = 2, debug = 3 };

/// How a request ended. For any status but ok, `reason` is what the response says.
struct Outcome {
    Status status = Status::ok;
    const char* reason = "";
};

constexpr Outcome bad_args(const char* argument) { return {Status::bad_args, argument}; }

/// What every response carries in front of its body, at most: array, type, id, nonce, status.
inline constexpr std::size_t kResponseHead = 1 + 1 + 5 + 5 + 1;

/// The longest byte string that fits a response as its whole body; 3 bytes are its head.
inline constexpr std::size_t kMaxReplyBytes = kMtu - kResponseHead - 3;

/// The arguments of a request: the reader stands before the first of `count`.
struct Arguments {
    CborReader& reader;
    std::size_t count;
};

struct RequestHead {
    std::uint32_t id = 0;
    std::uint64_t op = 0;
};

/// Reads [0, id, op, ...; false if the message is no request. The reader stands before the arguments.
bool read_request(CborReader& reader, RequestHead& head);

/// Begins a response; the body must follow.
void write_response(CborWriter& writer, std::uint32_t id, std::uint32_t nonce, Status status);

}  // namespace hk
