#include "app/challenge.hpp"

#include <cstring>

namespace hk {

void answer_challenge(Bytes question, const Answerer& who, std::uint8_t (&digest)[Sha256::kSize]) {
    std::uint8_t nonce[4];
    for (std::size_t i = 0; i < sizeof(nonce); ++i) {
        nonce[i] = static_cast<std::uint8_t>(who.nonce >> (8 * i));
    }
    Sha256 sha;
    sha.add(question);
    sha.add({reinterpret_cast<const std::uint8_t*>(who.build), std::strlen(who.build)});
    sha.add({who.mac.octet, sizeof(who.mac.octet)});
    sha.add({nonce, sizeof(nonce)});
    sha.finish(digest);
}

}  // namespace hk
