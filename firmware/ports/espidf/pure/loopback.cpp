#include "espidf/pure/loopback.hpp"

namespace hk::espidf {

std::size_t close_received(std::uint32_t* words, std::size_t count, std::size_t capacity,
                           std::uint32_t tick_ns) {
    if (count == 0 || count > capacity) {
        return 0;
    }
    const std::uint32_t idle = kIdleNs / tick_ns;
    const std::uint32_t last = words[count - 1];
    if ((last >> 16 & 0x7FFFu) == 0 && (last & 0x7FFFu) != 0) {  // the high of the last bit, then the end
        words[count - 1] = (last & 0xFFFFu) | idle << 16;
        return count;
    }
    if ((last & 0x7FFFu) == 0) {  // nothing but the end: the bit before it is whole
        words[count - 1] = idle;
        return count;
    }
    if (count == capacity) {
        return 0;  // no room for the end: what is there may be cut off
    }
    words[count] = idle;
    return count + 1;
}

}  // namespace hk::espidf
