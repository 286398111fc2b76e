#include "host/stdio_stream.hpp"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/select.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

namespace hk::host {
namespace {

int flags_at_start[2];  // of descriptors 0 and 1: a terminal shares them with the shell

void restore_flags() {
    for (int fd = 0; fd < 2; ++fd) {
        fcntl(fd, F_SETFL, flags_at_start[fd]);
    }
}

bool is_passing(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

void StdioStream::begin() {
    signal(SIGPIPE, SIG_IGN);
    for (int fd = 0; fd < 2; ++fd) {
        flags_at_start[fd] = fcntl(fd, F_GETFL);
    }
    for (int fd = 0; fd < 2; ++fd) {
        fcntl(fd, F_SETFL, flags_at_start[fd] | O_NONBLOCK);
    }
    atexit(restore_flags);
#ifdef __linux__
    prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);  // 1 us instead of 50: frames start on time
#endif
}

std::size_t StdioStream::read(std::uint8_t* out, std::size_t capacity) {
    const ssize_t got = ::read(STDIN_FILENO, out, capacity);
    if (got > 0) {
        return static_cast<std::size_t>(got);
    }
    if (got == 0 || !is_passing(errno)) {
        open_ = false;
    }
    return 0;
}

std::size_t StdioStream::write(const std::uint8_t* data, std::size_t size) {
    const ssize_t put = ::write(STDOUT_FILENO, data, size);
    if (put >= 0) {
        return static_cast<std::size_t>(put);
    }
    if (is_passing(errno)) {
        return 0;
    }
    open_ = false;
    return size;  // nobody will ever read it
}

void StdioStream::wait(bool want_read, bool want_write, std::uint32_t timeout_us) {
    fd_set readable;
    fd_set writable;
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    if (want_read) {
        FD_SET(STDIN_FILENO, &readable);
    }
    if (want_write) {
        FD_SET(STDOUT_FILENO, &writable);
    }
    timeval timeout{static_cast<time_t>(timeout_us / 1000000u), static_cast<suseconds_t>(timeout_us % 1000000u)};
    select(STDOUT_FILENO + 1, &readable, &writable, nullptr, &timeout);
}

}  // namespace hk::host
