#include "host/nvs_file.hpp"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace hk::host {
namespace {

constexpr std::size_t kPartition = 0x6000;  // the size of nvs in the partition table

std::uint8_t image[kPartition];  // not on the stack: an eighth of what a thread may have

std::size_t read_all(const char* path, std::uint8_t* out, std::size_t capacity) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    std::size_t size = 0;
    ssize_t got = 1;
    while (size < capacity && got > 0) {
        got = ::read(fd, out + size, capacity - size);
        size += got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    close(fd);
    return size;
}

bool write_all(const char* path, const std::uint8_t* data, std::size_t size) {
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    std::size_t done = 0;
    ssize_t put = 1;
    while (done < size && put > 0) {
        put = ::write(fd, data + done, size - done);
        done += put > 0 ? static_cast<std::size_t>(put) : 0;
    }
    return close(fd) == 0 && done == size;
}

}  // namespace

void NvsFile::begin() {
    const char* path = getenv("HK_NVS_FILE");
    path_ = path != nullptr && path[0] != '\0' ? path : nullptr;
}

std::size_t NvsFile::read(std::uint8_t* out, std::size_t capacity) {
    return path_ == nullptr ? 0 : read_all(path_, out, capacity);
}

// The rest of the partition stays as it is; a reader sees the old file or the new, never half. Not
// flushed to disk: the file has to outlive this process, and the virtual board keeps its flash itself.
bool NvsFile::write(const std::uint8_t* data, std::size_t size) {
    char next[PATH_MAX];
    if (path_ == nullptr || size > sizeof(image) ||
        snprintf(next, sizeof(next), "%s.new", path_) >= static_cast<int>(sizeof(next))) {
        return false;
    }
    const std::size_t before = read_all(path_, image, sizeof(image));
    memcpy(image, data, size);
    return write_all(next, image, before > size ? before : size) && rename(next, path_) == 0;
}

}  // namespace hk::host
