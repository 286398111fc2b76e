#include "app/app.hpp"

#include <cstring>

namespace hk {
namespace {

constexpr std::uint32_t kIdleUs = 100000;         // how long the loop sleeps when nothing happens
constexpr std::uint64_t kRebootPatienceUs = 500000;  // for a peer that does not read the last reply
constexpr std::uint64_t kFarewellUs = 1000000;    // likewise at the end of the input

// Appends as much of `text` as fits; `out` always stays terminated.
void append(char* out, std::size_t capacity, const char* text) {
    const std::size_t used = std::strlen(out);
    const std::size_t size = std::strlen(text);
    const std::size_t room = capacity - 1 - used;
    const std::size_t taken = size < room ? size : room;
    std::memcpy(out + used, text, taken);
    out[used + taken] = '\0';
}

std::uint32_t draw_nonce(System& system) {
    std::uint32_t nonce = 0;
    while (nonce == 0) {
        nonce = system.random();
    }
    return nonce;
}

}  // namespace

App::App(Ports& ports, const BuildInfo& build, const Profile& profile, const Workspace& workspace)
    : ports_(ports),
      build_(build),
      renderer_(profile, workspace, ports.leds),
      live_(renderer_, ports.clock, ports.leds),
      store_(ports.storage),
      commands_(Bench{build, ports, renderer_, live_, store_, server_, outbox_}),
      server_(commands_, outbox_) {}

void App::begin() {
    make_banner();
    server_.begin(draw_nonce(ports_.system), banner_);
    renderer_.present();  // the workspace is all zero: whatever the LEDs showed, they are dark now
    restore();
    if (!store_.count_boot() && ports_.storage.available()) {
        notice_ = "storage refused the boot count";
    }
}

void App::tick() {
    if (!ready_told_) {
        ready_told_ = true;
        server_.log(LogLevel::info, ports_.clock.now_us(), "ready");
        if (notice_ != nullptr) {
            server_.log(LogLevel::warning, ports_.clock.now_us(), notice_);
        }
    }
    pump_in();
    FrameReport frame;
    if (live_.tick(frame)) {
        report(frame);
    }
    pump_out();
    if (commands_.reboot_asked()) {
        drain(kRebootPatienceUs);
        ports_.system.reboot();
    }
}

void App::run() {
    while (ports_.stream.open()) {
        tick();
        const bool more = input_start_ < input_end_ && outbox_.has_room();
        const bool listen = input_start_ == input_end_ && outbox_.has_room();
        ports_.stream.wait(listen, outbox_.pending().size > 0, more ? 0 : live_.idle_us(kIdleUs));
    }
    drain(kFarewellUs);  // what came in before the end of the input is still answered
}

void App::restore() {
    Settings settings;
    switch (store_.load(settings)) {
        case SettingsStore::Found::broken: notice_ = "stored settings are broken, starting without"; break;
        case SettingsStore::Found::settings:
            renderer_.select(*settings.pattern, settings.seed, settings.values);
            renderer_.set_output(settings.output);
            if (settings.live) {
                live_.start(settings.fps);
            }
            break;
        default: break;
    }
}

void App::make_banner() {
    banner_[0] = '\0';
    append(banner_, sizeof(banner_), build_.project);
    append(banner_, sizeof(banner_), " ");
    append(banner_, sizeof(banner_), build_.version);
    append(banner_, sizeof(banner_), ", profile ");
    append(banner_, sizeof(banner_), build_.profile);
    append(banner_, sizeof(banner_), ": this port speaks frames, try `hostkit monitor`\r\n");
}

// Takes input only as far as there is room for the replies, so none is ever dropped: a peer that
// does not read is not listened to either. One piece a turn, so that a flood cannot stop the LEDs.
void App::pump_in() {
    if (input_start_ == input_end_) {
        input_start_ = 0;
        input_end_ = outbox_.has_room() ? ports_.stream.read(input_, sizeof(input_)) : 0;
    }
    input_start_ += server_.receive(input_ + input_start_, input_end_ - input_start_);
}

void App::pump_out() {
    while (outbox_.pending().size > 0) {
        const Bytes next = outbox_.pending();
        const std::size_t sent = ports_.stream.write(next.data, next.size);
        if (sent == 0) {
            return;
        }
        outbox_.sent(sent);
    }
}

void App::report(const FrameReport& frame) {
    std::uint8_t buffer[kFrameEventSize];
    CborWriter writer(buffer, sizeof(buffer));
    write_frame_event(writer, server_.nonce(), frame);
    outbox_.offer({buffer, writer.size()});
}

// Sends what is left, but does not wait for ever for a peer that does not read.
void App::drain(std::uint64_t most_us) {
    const std::uint64_t end = ports_.clock.now_us() + most_us;
    pump_out();
    while (outbox_.pending().size > 0 && ports_.clock.now_us() < end) {
        ports_.stream.wait(false, true, 1000);
        pump_out();
    }
}

}  // namespace hk
