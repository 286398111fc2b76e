// All ports together, as main() hands them to the app.
#pragma once

#include "hal/byte_stream.hpp"
#include "hal/clock.hpp"
#include "hal/led_output.hpp"
#include "hal/storage.hpp"
#include "hal/system.hpp"

namespace hk {

struct Ports {
    ByteStream& stream;
    Clock& clock;
    LedOutput& leds;
    Storage& storage;
    System& system;
};

}  // namespace hk
