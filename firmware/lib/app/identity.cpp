#include "app/identity.hpp"

#include "link/limits.hpp"
#include "strip/timing.hpp"

namespace hk {
namespace {

constexpr std::uint32_t kProtocol = 1;

void write_strips(CborWriter& writer, const Profile& profile) {
    writer.array(profile.strip_count);
    for (std::size_t s = 0; s < profile.strip_count; ++s) {
        const StripProfile& strip = profile.strips[s];
        writer.array(3);
        writer.uint(strip.gpio);
        writer.uint(strip.leds);
        writer.text(strip.order.name);
    }
}

void write_features(CborWriter& writer, const Identity& identity) {
    writer.array(2u + (identity.storage ? 1 : 0) + (identity.wire ? 1 : 0));
    writer.text("audio");
    writer.text("live");
    if (identity.storage) {
        writer.text("storage");
    }
    if (identity.wire) {
        writer.text("wire");
    }
}

}  // namespace

void write_mac(CborWriter& writer, const Mac& mac) {
    constexpr char kHex[] = "0123456789abcdef";
    char text[18] = {};
    for (std::size_t i = 0; i < 6; ++i) {
        text[3 * i] = kHex[mac.octet[i] >> 4];
        text[3 * i + 1] = kHex[mac.octet[i] & 0xF];
        text[3 * i + 2] = i < 5 ? ':' : '\0';
    }
    writer.text(text);
}

void write_identity(CborWriter& writer, const Identity& identity) {
    const BuildInfo& build = identity.build;
    writer.map(18);
    writer.text("mac"), write_mac(writer, identity.system.mac());
    writer.text("mtu"), writer.uint(kMtu);
    writer.text("chip"), writer.text(build.chip);
    writer.text("port"), writer.text(identity.system.port());
    writer.text("boots"), writer.uint(identity.boots);
    writer.text("build"), writer.text(build.build);
    writer.text("dirty"), writer.boolean(build.dirty);
    writer.text("proto"), writer.uint(kProtocol);
    writer.text("reset"), writer.text(identity.system.reset_reason());
    writer.text("commit"), writer.text(build.commit);
    writer.text("strips"), write_strips(writer, identity.profile);
    writer.text("profile"), writer.text(build.profile);
    writer.text("project"), writer.text(build.project);
    writer.text("tick-ns"), writer.uint(kTickNs);
    writer.text("version"), writer.text(build.version);
    writer.text("features"), write_features(writer, identity);
    writer.text("reset-us"), writer.uint(kResetUs);
    writer.text("uptime-us"), writer.uint(identity.uptime_us);
}

}  // namespace hk
