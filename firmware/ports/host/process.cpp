#include "host/process.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace hk::host {
namespace {

constexpr int kRebootExitCode = 0x52;

constexpr const char* kReasons[] = {"power-on", "external", "software", "panic",
                                    "watchdog", "brownout", "unknown"};

const char* known_reason(const char* asked) {
    for (const char* reason : kReasons) {
        if (strcmp(reason, asked) == 0) {
            return reason;
        }
    }
    return "unknown";
}

bool parse_mac(const char* text, Mac& mac) {
    unsigned octet[6] = {};
    int end = 0;
    if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &octet[0], &octet[1], &octet[2], &octet[3], &octet[4],
               &octet[5], &end) != 6 || text[end] != '\0') {
        return false;
    }
    for (std::size_t i = 0; i < 6; ++i) {
        mac.octet[i] = static_cast<std::uint8_t>(octet[i]);
    }
    return true;
}

}  // namespace

void Process::begin() {
    stack_.paint();
    if (const char* reason = getenv("HK_RESET_REASON")) {
        reset_reason_ = known_reason(reason);
    }
    const char* mac = getenv("HK_MAC");
    if (mac != nullptr && !parse_mac(mac, mac_)) {
        fprintf(stderr, "HK_MAC is no MAC address: %s\n", mac);
    }
}

std::uint32_t Process::random() {
    std::uint32_t value = 0;
    const int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || ::read(fd, &value, sizeof(value)) != static_cast<ssize_t>(sizeof(value))) {
        fputs("no random source: /dev/urandom cannot be read\n", stderr);
        exit(EXIT_FAILURE);
    }
    close(fd);
    return value;
}

void Process::reboot() { exit(kRebootExitCode); }

}  // namespace hk::host
