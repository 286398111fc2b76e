// The application: one loop that answers requests and draws frames.
#pragma once

#include <cstddef>
#include <cstdint>

#include "app/build_info.hpp"
#include "app/commands.hpp"
#include "app/live.hpp"
#include "app/ports.hpp"
#include "app/renderer.hpp"
#include "app/settings.hpp"
#include "link/outbox.hpp"
#include "link/server.hpp"

namespace hk {

class App {
public:
    /// All arguments must outlive the app.
    App(Ports& ports, const BuildInfo& build, const Profile& profile, const Workspace& workspace);

    /// Draws a nonce, counts the boot, restores what was saved, blanks the LEDs.
    void begin();

    /// Goes once around without waiting: receive, answer, draw, send.
    void tick();

    /// Runs until the stream is closed for good; on a chip, for ever.
    void run();

private:
    void restore();
    void make_banner();
    void pump_in();
    void pump_out();
    void report(const FrameReport& frame);
    void drain(std::uint64_t most_us);

    Ports& ports_;
    const BuildInfo& build_;
    Outbox outbox_;
    Renderer renderer_;
    Live live_;
    SettingsStore store_;
    Commands commands_;
    Server server_;
    std::uint8_t input_[256];
    std::size_t input_start_ = 0;
    std::size_t input_end_ = 0;
    const char* notice_ = nullptr;  ///< a warning from begin(), told once the loop runs
    bool ready_told_ = false;
    char banner_[160];
};

}  // namespace hk
