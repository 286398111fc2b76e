// What each request of the link does.
#pragma once

#include <cstdint>

#include "app/build_info.hpp"
#include "app/live.hpp"
#include "app/ports.hpp"
#include "app/renderer.hpp"
#include "app/settings.hpp"
#include "link/server.hpp"

namespace hk {

/// The parts that requests act on.
struct Bench {
    const BuildInfo& build;
    Ports& ports;
    Renderer& renderer;
    Live& live;
    SettingsStore& store;
    const Server& server;
    const Outbox& outbox;
};

class Commands final : public RequestHandler {
public:
    explicit Commands(const Bench& bench) : bench_(bench) {}

    Outcome execute(std::uint64_t op, Arguments args, CborWriter& body) override;

    /// True once `reboot` was asked for; its reply must still go out.
    bool reboot_asked() const { return reboot_asked_; }

private:
    Outcome hello(CborReader& args, CborWriter& body);
    Outcome echo(CborReader& args, CborWriter& body);
    Outcome patterns(CborReader& args, CborWriter& body);
    Outcome describe(CborReader& args, CborWriter& body);
    Outcome configure(CborReader& args, CborWriter& body);
    Outcome output(CborReader& args, CborWriter& body);
    Outcome audio(CborReader& args, CborWriter& body);
    Outcome mode(CborReader& args, CborWriter& body);
    Outcome reset_state(CborReader& args, CborWriter& body);
    Outcome step(CborReader& args, CborWriter& body);
    Outcome run(CborReader& args, CborWriter& body);
    Outcome read(CborReader& args, CborWriter& body);
    Outcome stats(CborReader& args, CborWriter& body);
    Outcome reboot(CborReader& args, CborWriter& body);
    Outcome save(CborReader& args, CborWriter& body);
    Outcome challenge(CborReader& args, CborWriter& body);

    struct Entry {
        std::size_t args;
        Outcome (Commands::*run)(CborReader&, CborWriter&);
    };
    static const Entry kOps[];

    bool has_tap(std::uint64_t tap);
    std::uint32_t run_one(std::uint64_t time_us, Tap tap, bool last);

    Bench bench_;
    bool reboot_asked_ = false;
};

}  // namespace hk
