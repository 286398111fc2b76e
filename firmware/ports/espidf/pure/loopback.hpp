// A waveform as an RMT receiver saw it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hk::espidf {

/// The receiver stops when the line has been low for this long. It is longer than the 280 µs that a
/// WS2812B needs to show its colours and shorter than the gap that is sent, so a reception that
/// ended is a gap that was there.
inline constexpr std::uint32_t kIdleNs = 290000;

/// Puts that last low into the received words: the receiver leaves a duration of 0 in its place.
/// Returns how many words there are now, at most `capacity`; 0 if nothing was received, or too much.
std::size_t close_received(std::uint32_t* words, std::size_t count, std::size_t capacity,
                           std::uint32_t tick_ns);

}  // namespace hk::espidf
