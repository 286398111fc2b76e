// Port: what only the chip (or the process) itself can tell or do.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hk {

struct Mac {
    std::uint8_t octet[6] = {};
};

class System {
public:
    /// Why the last reset happened, in the words of link.cddl ("power-on", "software", ...).
    virtual const char* reset_reason() const = 0;

    /// From a true random source; called once, at boot.
    virtual std::uint32_t random() = 0;

    virtual Mac mac() const = 0;

    /// Least free heap seen since boot, bytes; 0 where there is no heap to watch.
    virtual std::size_t heap_min() = 0;

    /// Blocks that were taken from the heap since boot, by whomever; 0 where there is no heap.
    virtual std::uint32_t allocations() = 0;

    /// Stack that was never used, or is free now where no mark is kept, bytes; 0 if unknown.
    virtual std::size_t stack_free() = 0;

    /// The name of the port: "host", "esp32c3", "espidf".
    virtual const char* port() const = 0;

    /// Restarts with reset reason "software". May return in tests only.
    virtual void reboot() = 0;

protected:
    ~System() = default;
};

}  // namespace hk
