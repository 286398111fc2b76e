// What is sent in one go although it lies in two places: the bits of a frame, then the gap.
#pragma once

#include <cstddef>

namespace hk::espidf {

/// How far one call came.
struct Progress {
    std::size_t symbols = 0;
    bool complete = false;     ///< all of it is written
    bool memory_full = false;  ///< no more room now: call again when there is
};

/// Remembers which part is due, over as many calls as it takes.
class TwoParts {
public:
    /// Begins anew.
    void reset() { second_ = false; }

    /// Goes on as far as there is room. `encode(second)` writes what is left of the first part
    /// (false) or of the second (true), and tells how far it came.
    template <typename Encode>
    Progress go_on(Encode&& encode) {
        Progress sum;
        if (!second_) {
            sum = encode(false);
            second_ = sum.complete;
            sum.complete = false;
            if (sum.memory_full || !second_) {
                return sum;
            }
        }
        const Progress last = encode(true);
        sum.symbols += last.symbols;
        sum.complete = last.complete;
        sum.memory_full = last.memory_full;
        second_ = !last.complete;
        return sum;
    }

private:
    bool second_ = false;
};

}  // namespace hk::espidf
