// The process's heap in the role of the chip's.
#pragma once

#include "host/arena.hpp"

namespace hk::host {

/// What malloc() and its kin give out, to the firmware and to the C library alike.
Arena& heap();

}  // namespace hk::host
