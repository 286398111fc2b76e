#include <cstring>

#include "app/parameters.hpp"
#include "app/settings.hpp"
#include "check.hpp"
#include "pattern/registry.hpp"
#include "rig.hpp"

using namespace hk;
using namespace hk::test;
using Found = SettingsStore::Found;

namespace {

Settings some_settings() {
    Settings settings;
    settings.pattern = &kComet;
    settings.seed = 0xFFFFFFFFu;
    fill_presets(kComet, settings.values);
    settings.values[1] = 333;
    settings.output = {12, 3456};
    settings.live = true;
    settings.fps = 50;
    return settings;
}

}  // namespace

TEST("an empty or erased storage holds nothing") {
    FakeStorage storage;
    Settings settings;
    CHECK(SettingsStore(storage).load(settings) == Found::nothing);
    storage.used = 600;
    std::memset(storage.cells, 0xFF, storage.used);
    CHECK(SettingsStore(storage).load(settings) == Found::nothing);
    CHECK(settings.pattern == nullptr);
}

TEST("boots are counted over resets, with and without settings") {
    FakeStorage storage;
    Settings settings;
    for (std::uint32_t boot = 1; boot <= 3; ++boot) {
        SettingsStore store(storage);
        CHECK(store.load(settings) == (boot == 1 ? Found::nothing : Found::boots_only));
        CHECK(store.count_boot());
        CHECK_EQ(store.boots(), boot);
    }
    SettingsStore store(storage);
    store.load(settings);
    CHECK(store.save(some_settings()));
    SettingsStore next(storage);
    CHECK(next.load(settings) == Found::settings);
    CHECK(next.count_boot());
    CHECK_EQ(next.boots(), 4);
    CHECK(SettingsStore(storage).load(settings) == Found::settings);
}

TEST("what was saved comes back whole") {
    FakeStorage storage;
    CHECK(SettingsStore(storage).save(some_settings()));
    Settings got;
    CHECK(SettingsStore(storage).load(got) == Found::settings);
    const Settings want = some_settings();
    CHECK(got.pattern == want.pattern);
    CHECK_EQ(got.seed, want.seed);
    CHECK(std::memcmp(got.values, want.values, kComet.param_count * sizeof(want.values[0])) == 0);
    CHECK_EQ(got.output.brightness, 12);
    CHECK_EQ(got.output.limit_ma, 3456);
    CHECK(got.live);
    CHECK_EQ(got.fps, 50);
}

TEST("a record with any bit wrong is broken or nothing, never other settings") {
    FakeStorage storage;
    CHECK(SettingsStore(storage).save(some_settings()));
    for (std::size_t bit = 0; bit < storage.used * 8; ++bit) {
        storage.cells[bit / 8] = static_cast<std::uint8_t>(storage.cells[bit / 8] ^ (1u << bit % 8));
        Settings settings;
        const Found found = SettingsStore(storage).load(settings);
        CHECK(found == Found::broken || found == Found::nothing);
        CHECK(settings.pattern == nullptr);
        storage.cells[bit / 8] = static_cast<std::uint8_t>(storage.cells[bit / 8] ^ (1u << bit % 8));
    }
}

TEST("a record that is cut off anywhere is broken or nothing") {
    FakeStorage storage;
    CHECK(SettingsStore(storage).save(some_settings()));
    const std::size_t whole = storage.used;
    for (storage.used = 0; storage.used < whole; ++storage.used) {
        Settings settings;
        const Found found = SettingsStore(storage).load(settings);
        CHECK(found == Found::broken || found == Found::nothing);
    }
}

TEST("an app starts with what the one before it saved, live if that was") {
    static Rig first;
    Request configure(1, 4, 3);
    configure.args.text("solid");
    configure.args.uint(9);
    configure.args.map(1);
    configure.args.text("colour");
    configure.args.integer(0x0000FF);
    CHECK(first.ask(configure) == Status::ok);
    Request mode(2, 7, 2);
    mode.args.uint(1);
    mode.args.uint(50);
    CHECK(first.ask(mode) == Status::ok);
    CHECK(first.ask(Request(3, 14, 0)) == Status::ok);

    static Rig second;
    second.storage = first.storage;
    static App app(second.ports, second.build, kSmall, second.memory.view());
    app.begin();
    for (int i = 0; i < 200; ++i) {
        second.clock.now += 100;
        app.tick();
    }
    Inbox inbox(second.stream.sent());
    CHECK(inbox.next(MessageType::event));
    CHECK(second.leds.latched(0).data[2] > 0);
    CHECK_EQ(second.leds.latched(0).data[0], 0);
}

TEST("an app whose storage refuses says so and goes on") {
    static Rig rig;
    rig.storage.refuses = true;
    CHECK(rig.ask(Request(1, 14, 0)) == Status::internal);
    CHECK(rig.ask(Request(2, 0, 0)) == Status::ok);
}

TEST("an app warns of broken settings and starts with its own") {
    static Rig rig;
    rig.storage.cells[8] = static_cast<std::uint8_t>(rig.storage.cells[8] ^ 1);
    static App app(rig.ports, rig.build, kSmall, rig.memory.view());
    rig.system.drawn = 1;
    app.begin();
    app.tick();
    Inbox inbox(rig.stream.sent());
    CHECK(inbox.next(MessageType::log) && inbox.next(MessageType::log));
    CborReader log(inbox.message());
    std::size_t count = 0;
    std::uint32_t value = 0;
    CHECK(log.list(count) && read_uint(log, 3, value) && read_uint(log, 0xFFFFFFFFu, value) && read_uint(log, 3, value));
    CHECK_EQ(value, static_cast<std::uint32_t>(LogLevel::warning));
}
