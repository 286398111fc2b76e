// The firmware on a chip with ESP-IDF: composition only.
#include "app/app.hpp"
#include "espidf/chip.hpp"
#include "espidf/link_stream.hpp"
#include "espidf/nvs_storage.hpp"
#include "espidf/rmt_leds.hpp"
#include "espidf/timer_clock.hpp"

namespace {

const hk::Profile& profile = hk::kProfiles[hk::profile_index(hk::kBuildInfo.profile)];

hk::espidf::TimerClock the_clock;
hk::espidf::LinkStream stream;
hk::espidf::RmtLeds leds(the_clock, profile);
hk::espidf::NvsStorage nvs(leds);
hk::espidf::Chip chip;

hk::Ports ports{stream, the_clock, leds, nvs, chip};
hk::WorkspaceMemory<hk::most_leds()> memory;
hk::App app(ports, hk::kBuildInfo, profile, memory.view());

}  // namespace

extern "C" void app_main() {
    chip.begin();
    stream.begin();
    leds.begin();
    nvs.begin();
    app.begin();
    app.run();
}
