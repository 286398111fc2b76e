// Port: a small piece of memory that survives a reset.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hk {

class Storage {
public:
    /// True where something is kept at all.
    virtual bool available() const = 0;

    /// Reads from the start; returns how many bytes there were, at most `capacity`.
    virtual std::size_t read(std::uint8_t* out, std::size_t capacity) = 0;

    /// Replaces the first `size` bytes, all or nothing even if power fails half way.
    virtual bool write(const std::uint8_t* data, std::size_t size) = 0;

protected:
    ~Storage() = default;
};

}  // namespace hk
