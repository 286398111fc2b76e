// The firmware as a native process: composition only.
#include "app/app.hpp"
#include "host/led_strips.hpp"
#include "host/nvs_file.hpp"
#include "host/panic.hpp"
#include "host/process.hpp"
#include "host/steady_clock.hpp"
#include "host/stdio_stream.hpp"

namespace {

hk::host::SteadyClock the_clock;
hk::host::StdioStream stream;
hk::host::LedStrips leds(the_clock);
hk::host::NvsFile nvs;
hk::host::Process process;

hk::Ports ports{stream, the_clock, leds, nvs, process};
hk::WorkspaceMemory<hk::most_leds()> memory;
hk::App app(ports, hk::kBuildInfo, hk::kProfiles[hk::profile_index(hk::kBuildInfo.profile)], memory.view());

}  // namespace

int main() {
    hk::host::Panic::begin(hk::kBuildInfo.build);
    stream.begin();
    nvs.begin();
    process.begin();
    app.begin();
    app.run();
    return 0;
}
