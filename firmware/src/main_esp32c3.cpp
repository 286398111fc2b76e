// The firmware on an ESP32-C3 without an operating system: composition only.
#include "app/app.hpp"
#include "esp32c3/chip.hpp"
#include "esp32c3/interrupts.hpp"
#include "esp32c3/retained_memory.hpp"
#include "esp32c3/rmt_strips.hpp"
#include "esp32c3/system_clock.hpp"
#include "esp32c3/uart_stream.hpp"

namespace {

hk::esp32c3::SystemClock the_clock;
hk::esp32c3::UartStream stream(the_clock);
hk::esp32c3::RmtStrips leds(the_clock);
hk::esp32c3::RetainedMemory memory_kept;
hk::esp32c3::Chip chip;

const hk::Profile& profile = hk::kProfiles[hk::profile_index(hk::kBuildInfo.profile)];
hk::Ports ports{stream, the_clock, leds, memory_kept, chip};
hk::WorkspaceMemory<hk::most_leds()> memory;
hk::App app(ports, hk::kBuildInfo, profile, memory.view());

}  // namespace

int main() {
    the_clock.begin();
    hk::esp32c3::route_interrupts();
    chip.begin();
    stream.begin();
    leds.begin(profile);
    hk::esp32c3::unmask();
    app.begin();
    app.run();
    return 0;
}
