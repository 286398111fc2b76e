// The command server: frames in, replies out, each request carried out once.
#pragma once

#include <cstddef>
#include <cstdint>

#include "link/frame_reader.hpp"
#include "link/message.hpp"
#include "link/outbox.hpp"

namespace hk {

/// Carries out requests. Writes the body for status ok; for another status what it wrote is dropped.
class RequestHandler {
public:
    virtual Outcome execute(std::uint64_t op, Arguments args, CborWriter& body) = 0;

protected:
    ~RequestHandler() = default;
};

struct LinkCounters {
    std::uint32_t requests = 0;  ///< carried out, repeats not counted
    std::uint32_t repeats = 0;   ///< answered from the last reply
    std::uint32_t broken = 0;    ///< chunks that were neither frame nor text
    std::uint32_t naks = 0;
};

class Server {
public:
    Server(RequestHandler& handler, Outbox& outbox) : handler_(handler), outbox_(outbox) {}

    /// Tells the boot's nonce (never 0) and the text that answers a bare newline.
    void begin(std::uint32_t nonce, const char* banner);

    /// Takes received bytes as long as the outbox has room for whatever they may cause;
    /// returns how many were taken.
    std::size_t receive(const std::uint8_t* data, std::size_t size);

    /// Sends a log if there is room. `text` is cut to 200 bytes.
    void log(LogLevel level, std::uint64_t time_us, const char* text);

    std::uint32_t nonce() const { return nonce_; }
    const LinkCounters& counters() const { return counters_; }

private:
    void handle(Bytes message);
    void answer(const RequestHead& head, Arguments args);
    void refuse(const RequestHead& head, Outcome outcome);
    void nak(NakReason reason);
    bool is_last(Bytes message) const;

    RequestHandler& handler_;
    Outbox& outbox_;
    FrameReader reader_;
    LinkCounters counters_;
    std::uint32_t nonce_ = 0;
    const char* banner_ = "";
    std::uint32_t last_id_ = 0;
    std::uint8_t last_request_[kMtu];
    std::size_t last_request_size_ = 0;
    std::uint8_t last_reply_[kMtu];
    std::size_t last_reply_size_ = 0;
};

}  // namespace hk
