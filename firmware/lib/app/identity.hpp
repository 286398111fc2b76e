// What HELLO answers: who this is.
#pragma once

#include <cstdint>

#include "app/build_info.hpp"
#include "hal/system.hpp"
#include "link/cbor_writer.hpp"
#include "strip/profile.hpp"

namespace hk {

struct Identity {
    const BuildInfo& build;
    const Profile& profile;
    System& system;
    std::uint32_t boots;
    std::uint64_t uptime_us;
    bool wire;     ///< the port can see what the LEDs latched
    bool storage;  ///< settings survive a reset
};

/// A MAC as the link spells it: "aa:bb:cc:dd:ee:ff".
void write_mac(CborWriter& writer, const Mac& mac);

/// Writes the map of link.cddl, keys sorted.
void write_identity(CborWriter& writer, const Identity& identity);

}  // namespace hk
