#include "link/message.hpp"

namespace hk {

bool read_request(CborReader& reader, RequestHead& head) {
    std::size_t count = 0;
    std::uint32_t type = 0;
    if (!reader.list(count) || count != 4 || !read_uint(reader, 4, type)) {
        return false;
    }
    return type == static_cast<std::uint32_t>(MessageType::request) &&
           read_uint(reader, 0xFFFFFFFFu, head.id) && head.id != 0 && reader.uint(head.op);
}

void write_response(CborWriter& writer, std::uint32_t id, std::uint32_t nonce, Status status) {
    writer.array(5);
    writer.uint(static_cast<std::uint64_t>(MessageType::response));
    writer.uint(id);
    writer.uint(nonce);
    writer.uint(static_cast<std::uint64_t>(status));
}

}  // namespace hk
