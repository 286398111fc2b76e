#include "host/panic.hpp"

#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <link.h>
#include <sys/mman.h>
#include <ucontext.h>
#endif

#include <cstddef>

// Everything below the handler is async-signal-safe: no heap, no stdio, no locks.
namespace hk::host {
namespace {

constexpr int kPanicExitCode = 0x53;
constexpr std::size_t kMostCalls = 32;
constexpr std::size_t kElfDigits = 16;
constexpr std::size_t kHandlerStack = 32768;
constexpr uintptr_t kGuard = 65536;  // a fault that close to the stack pointer has run over the stack's end
constexpr int kPatienceMs = 1000;    // for a UART that nobody empties
constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};

const char* build_id = "";
uintptr_t load_bias = 0;
uintptr_t main_frame = 0;

/// Where the program was when the signal came. `frame` is the frame pointer, 0 where it is not known.
struct Scene {
    uintptr_t pc = 0;
    uintptr_t sp = 0;
    uintptr_t frame = 0;
    uintptr_t address = 0;
    bool fetch = false;
    bool store = false;
    bool load = false;
};

void say(const char* data, std::size_t size) {
    while (size > 0) {
        const ssize_t put = ::write(STDOUT_FILENO, data, size);
        if (put > 0) {
            data += put;
            size -= static_cast<std::size_t>(put);
            continue;
        }
        pollfd room{STDOUT_FILENO, POLLOUT, 0};
        if (poll(&room, 1, kPatienceMs) <= 0 || (room.revents & POLLOUT) == 0) {
            return;  // nobody listens
        }
    }
}

void say(const char* text) { say(text, strlen(text)); }

void say_hex(uintptr_t value) {
    char text[] = "0x0000000000000000";
    for (std::size_t digit = 0; digit < 16; ++digit) {
        text[17 - digit] = "0123456789abcdef"[static_cast<uint64_t>(value) >> (4 * digit) & 0xFu];
    }
    say(text);
}

void say_call(uintptr_t pc, uintptr_t sp) {
    say(" ");
    say_hex(pc - load_bias);
    say(":");
    say_hex(sp);
}

Scene scene_of(const siginfo_t* info, const void* context) {
    Scene scene;
    scene.address = reinterpret_cast<uintptr_t>(info->si_addr);
#if defined(__linux__) && defined(__x86_64__)
    const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs;
    scene.pc = static_cast<uintptr_t>(registers[REG_RIP]);
    scene.sp = static_cast<uintptr_t>(registers[REG_RSP]);
    scene.frame = static_cast<uintptr_t>(registers[REG_RBP]);
    const auto error = static_cast<unsigned>(registers[REG_ERR]);  // of a page fault: bit 1 write, bit 4 fetch
    scene.fetch = (error & 0x10u) != 0;
    scene.store = !scene.fetch && (error & 0x2u) != 0;
    scene.load = !scene.fetch && !scene.store;
#elif defined(__linux__) && defined(__aarch64__)
    const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext;
    scene.pc = static_cast<uintptr_t>(registers.pc);
    scene.sp = static_cast<uintptr_t>(registers.sp);
    scene.frame = static_cast<uintptr_t>(registers.regs[29]);
    scene.fetch = scene.pc == scene.address;
#else
    (void)context;
#endif
    return scene;
}

const char* access_reason(const Scene& scene) {
    if (scene.address + kGuard > scene.sp && scene.address < scene.sp + kGuard) {
        return "Stack protection fault";
    }
    return scene.fetch ? "InstrFetchProhibited" : scene.store ? "StoreProhibited"
         : scene.load ? "LoadProhibited" : "LoadStoreError";
}

const char* reason_of(int signal, const Scene& scene) {
    switch (signal) {
        case SIGFPE:
            return "IntegerDivideByZero";
        case SIGILL:
        case SIGTRAP:
            return "IllegalInstruction";
        default:
            return access_reason(scene);
    }
}

bool on_stack(uintptr_t frame, uintptr_t above) {
    return frame > above && frame <= main_frame && frame % sizeof(uintptr_t) == 0;
}

/// Follows the frame pointers up to main; `each` gets an address inside every call, and its frame.
template <typename Each>
void walk(const Scene& scene, Each each) {
    uintptr_t above = scene.sp - 1;
    uintptr_t frame = scene.frame;
    for (std::size_t i = 0; i < kMostCalls && on_stack(frame, above) && frame != main_frame; ++i) {
        const auto* words = reinterpret_cast<const uintptr_t*>(frame);
        each(words[1] - 1, frame);
        above = frame;
        frame = words[0];
    }
}

void say_abort(const Scene& scene) {
    uintptr_t caller = 0;
    walk(scene, [&caller](uintptr_t pc, uintptr_t) { caller = caller == 0 ? pc : caller; });
    say("\r\nabort() was called at PC ");
    say_hex((caller == 0 ? scene.pc : caller) - load_bias);
    say(" on core 0\r\n\r\n");
}

void say_exception(int signal, const Scene& scene) {
    say("\r\nGuru Meditation Error: Core  0 panic'ed (");
    say(reason_of(signal, scene));
    say("). Exception was unhandled.\r\n\r\nCore  0 register dump:\r\nPC      : ");
    say_hex(scene.pc - load_bias);
    say("  SP      : ");
    say_hex(scene.sp);
    say("  ADDRESS : ");
    say_hex(scene.address);
    say("\r\n\r\n");
}

void say_backtrace(const Scene& scene) {
    say("Backtrace:");
    say_call(scene.pc, scene.sp);
    if (scene.fetch && on_stack(scene.sp, scene.sp - 1)) {  // nothing ran there: the call itself is on top
        say_call(*reinterpret_cast<const uintptr_t*>(scene.sp) - 1, scene.sp);
    }
    walk(scene, say_call);
    say("\r\n\r\nELF file SHA256: ");
    say(build_id, strnlen(build_id, kElfDigits));
    say("\r\n\r\nRebooting...\r\n");
}

void handle(int signal, siginfo_t* info, void* context) {
    const Scene scene = scene_of(info, context);
    if (signal == SIGABRT) {
        say_abort(scene);
    } else {
        say_exception(signal, scene);
    }
    say_backtrace(scene);
    _exit(kPanicExitCode);
}

#ifdef __linux__
int take_bias(dl_phdr_info* info, std::size_t, void*) {
    load_bias = static_cast<uintptr_t>(info->dlpi_addr);
    return 1;  // the program itself comes first
}

/// The handler needs a stack of its own: what it reports may be that the other one is full.
void use_own_stack() {
    void* memory = mmap(nullptr, kHandlerStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED) {
        stack_t own{};
        own.ss_sp = memory;
        own.ss_size = kHandlerStack;
        sigaltstack(&own, nullptr);
    }
}
#endif

}  // namespace

void Panic::begin(const char* build) {
    build_id = build;
    main_frame = *static_cast<const uintptr_t*>(__builtin_frame_address(0));
#ifdef __linux__
    dl_iterate_phdr(take_bias, nullptr);
    use_own_stack();
#endif
    struct sigaction action{};
    action.sa_sigaction = handle;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | static_cast<int>(SA_RESETHAND);
    for (const int signal : kSignals) {
        sigaction(signal, &action, nullptr);
    }
}

}  // namespace hk::host
