#include "app/commands.hpp"

#include "app/challenge.hpp"
#include "app/identity.hpp"
#include "app/parameters.hpp"
#include "color/power.hpp"
#include "pattern/registry.hpp"

namespace hk {
namespace {

constexpr std::uint64_t kAnyU32 = 0xFFFFFFFFu;

bool read_audio(CborReader& args, Audio& audio) {
    std::uint32_t value = 0;
    std::size_t count = 0;
    if (!read_uint(args, 65535, value)) {
        return false;
    }
    audio.level = static_cast<std::uint16_t>(value);
    if (!read_uint(args, 65535, value)) {
        return false;
    }
    audio.beat = static_cast<std::uint16_t>(value);
    if (!args.list(count) || count != 8) {
        return false;
    }
    for (std::uint16_t& band : audio.bands) {
        if (!read_uint(args, 65535, value)) {
            return false;
        }
        band = static_cast<std::uint16_t>(value);
    }
    return args.end_list();
}

}  // namespace

// In the order of the numbers in link.cddl.
const Commands::Entry Commands::kOps[] = {
    {0, &Commands::hello},     {1, &Commands::echo},   {0, &Commands::patterns},
    {1, &Commands::describe},  {3, &Commands::configure}, {2, &Commands::output},
    {3, &Commands::audio},     {2, &Commands::mode},   {0, &Commands::reset_state},
    {1, &Commands::step},      {4, &Commands::run},    {4, &Commands::read},
    {0, &Commands::stats},     {0, &Commands::reboot}, {0, &Commands::save},
    {1, &Commands::challenge},
};

Outcome Commands::execute(std::uint64_t op, Arguments args, CborWriter& body) {
    if (op >= sizeof(kOps) / sizeof(kOps[0])) {
        return {Status::unknown_op, "no such operation"};
    }
    const Entry& entry = kOps[op];
    if (args.count != entry.args) {
        return bad_args("wrong number of arguments");
    }
    return (this->*entry.run)(args.reader, body);
}

Outcome Commands::hello(CborReader&, CborWriter& body) {
    Ports& ports = bench_.ports;
    const bool wire = bench_.renderer.tap(Tap::wire, 0).size > 0;
    write_identity(body, {bench_.build, bench_.renderer.profile(), ports.system, bench_.store.boots(),
                          ports.clock.now_us(), wire, ports.storage.available()});
    return {};
}

Outcome Commands::echo(CborReader& args, CborWriter& body) {
    Bytes bytes;
    if (!args.bytes(bytes)) {
        return bad_args("bytes");
    }
    if (bytes.size > kMaxReplyBytes) {
        return {Status::out_of_range, "more bytes than a reply can carry"};
    }
    body.bytes(bytes);
    return {};
}

Outcome Commands::patterns(CborReader&, CborWriter& body) {
    body.array(kPatternCount);
    for (std::size_t i = 0; i < kPatternCount; ++i) {
        body.text(kPatterns[i]->name);
    }
    return {};
}

Outcome Commands::describe(CborReader& args, CborWriter& body) {
    Bytes name;
    if (!args.text(name)) {
        return bad_args("name");
    }
    const Pattern* pattern = find_pattern(name);
    if (pattern == nullptr) {
        return {Status::not_found, "no such pattern"};
    }
    write_description(body, *pattern);
    return {};
}

Outcome Commands::configure(CborReader& args, CborWriter& body) {
    Bytes name;
    std::uint32_t seed = 0;
    if (!args.text(name)) {
        return bad_args("name");
    }
    if (!read_uint(args, kAnyU32, seed)) {
        return bad_args("seed");
    }
    const Pattern* pattern = find_pattern(name);
    if (pattern == nullptr) {
        return {Status::not_found, "no such pattern"};
    }
    std::int32_t values[kMaxParams];
    Adjusted adjusted;
    fill_presets(*pattern, values);
    if (!read_parameters(args, *pattern, values, adjusted)) {
        return bad_args("params");
    }
    bench_.renderer.select(*pattern, seed, values);
    body.array(2);
    write_parameters(body, *pattern, values);
    write_adjusted(body, adjusted);
    return {};
}

Outcome Commands::output(CborReader& args, CborWriter& body) {
    std::uint64_t brightness = 0;
    std::uint64_t limit_ma = 0;
    if (!args.uint(brightness)) {
        return bad_args("brightness");
    }
    if (!args.uint(limit_ma)) {
        return bad_args("limit-ma");
    }
    const OutputSettings settings{static_cast<std::uint8_t>(brightness < 255 ? brightness : 255),
                                  static_cast<std::uint32_t>(limit_ma < kMaxLimitMa ? limit_ma : kMaxLimitMa)};
    bench_.renderer.set_output(settings);
    body.array(2);
    body.uint(settings.brightness);
    body.uint(settings.limit_ma);
    return {};
}

Outcome Commands::audio(CborReader& args, CborWriter& body) {
    Audio audio;
    if (!read_audio(args, audio)) {
        return bad_args("audio: level, beat and eight bands of 0..65535");
    }
    bench_.renderer.set_audio(audio);
    body.null();
    return {};
}

Outcome Commands::mode(CborReader& args, CborWriter& body) {
    std::uint32_t live = 0;
    std::uint32_t fps = 0;
    if (!read_uint(args, 1, live)) {
        return bad_args("mode");
    }
    if (!read_uint(args, kAnyU32, fps)) {
        return bad_args("fps");
    }
    if (live == 1) {
        fps = bench_.live.start(fps);
    } else {
        bench_.live.stop();
        fps = 0;
    }
    body.array(2);
    body.uint(live);
    body.uint(fps);
    return {};
}

Outcome Commands::reset_state(CborReader&, CborWriter& body) {
    bench_.renderer.reset_state();
    body.null();
    return {};
}

Outcome Commands::stats(CborReader&, CborWriter& body) {
    const LinkCounters& link = bench_.server.counters();
    Ports& ports = bench_.ports;
    body.map(11);
    body.text("naks"), body.uint(link.naks);
    body.text("frames"), body.uint(bench_.renderer.frames());
    body.text("dropped"), body.uint(bench_.live.dropped());
    body.text("repeats"), body.uint(link.repeats);
    body.text("heap-min"), body.uint(ports.system.heap_min());
    body.text("requests"), body.uint(link.requests);
    body.text("uptime-us"), body.uint(ports.clock.now_us());
    body.text("stack-free"), body.uint(ports.system.stack_free());
    body.text("allocations"), body.uint(ports.system.allocations());
    body.text("events-lost"), body.uint(bench_.outbox.lost());
    body.text("frames-broken"), body.uint(link.broken);
    return {};
}

Outcome Commands::reboot(CborReader&, CborWriter& body) {
    reboot_asked_ = true;
    body.null();
    return {};
}

Outcome Commands::save(CborReader&, CborWriter& body) {
    const Renderer& renderer = bench_.renderer;
    Settings settings;
    settings.pattern = &renderer.pattern();
    settings.seed = renderer.inputs().seed;
    for (std::size_t i = 0; i < settings.pattern->param_count; ++i) {
        settings.values[i] = renderer.inputs().values[i];
    }
    settings.output = renderer.output();
    settings.live = bench_.live.active();
    settings.fps = bench_.live.fps();
    if (!bench_.store.save(settings)) {
        return {Status::internal, "storage refused the settings"};
    }
    body.null();
    return {};
}

Outcome Commands::challenge(CborReader& args, CborWriter& body) {
    Bytes question;
    if (!args.bytes(question)) {
        return bad_args("question");
    }
    if (question.size < kLeastQuestion || question.size > kMostQuestion) {
        return {Status::out_of_range, "a question has 16 to 32 bytes"};
    }
    const Answerer who{bench_.build.build, bench_.ports.system.mac(), bench_.server.nonce()};
    std::uint8_t digest[Sha256::kSize];
    answer_challenge(question, who, digest);
    body.array(3);
    body.bytes({digest, sizeof(digest)});
    body.text(who.build);
    write_mac(body, who.mac);
    return {};
}

}  // namespace hk
