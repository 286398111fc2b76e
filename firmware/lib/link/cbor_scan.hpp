// A look over a whole CBOR item before anything of it is believed.
#pragma once

#include "hal/bytes.hpp"

namespace hk {

/// True if the bytes are exactly one well-formed item in the encoding that link.cddl asks for:
/// shortest lengths and integers, definite lengths, nested at most 8 deep. Uses no recursion, so
/// no input can exhaust the stack. The order of map keys is not looked at.
bool is_deterministic_cbor(Bytes item);

}  // namespace hk
