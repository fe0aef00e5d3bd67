// Dropout masks as random.py's dropout_mask defines them, bit for bit: Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011,
// "Parallel random numbers: as easy as 1, 2, 3", section 3.3) with rows as lanes.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "lanes.hpp"

namespace multilayer {

using PhiloxCounter = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

// Four random words for a counter; plain enough that a loop over counters becomes vector code.
inline PhiloxCounter philox_4x32(PhiloxCounter c, PhiloxKey k) {
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t p0 = std::uint64_t{0xD2511F53} * c[0], p1 = std::uint64_t{0xCD9E8D57} * c[2];
        c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<std::uint32_t>(p1),
             static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<std::uint32_t>(p0)};
        k = {k[0] + 0x9E3779B9u, k[1] + 0xBB67AE85u};
    }
    return c;
}

// Factors [unit][lane] for the rows with these ids: 0 with probability `rate`, else 1/(1 − rate).
template <typename T>
void dropout_mask(T* mask, int units, int width, const std::uint32_t* row_ids, std::uint32_t stream, std::uint64_t step,
                  std::uint64_t seed, double rate) {
    const T kept = static_cast<T>(1.0 / (1.0 - rate));
    if (rate == 0.0) {
        std::fill_n(mask, std::ptrdiff_t{units} * width, kept);
        return;
    }
    // A unit is dropped if its word is below rate·2³²; rate < 1, so that the last such word is one.
    const auto last_dropped = static_cast<std::uint32_t>(std::ceil(rate * 0x1p32) - 1.0);
    const PhiloxKey key{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)};
    std::uint32_t words[4][2 * Lanes<T>::count];
    for (int first = 0; first < units; first += 4) {
        for (int lane = 0; lane < width; ++lane) {
            const PhiloxCounter word = philox_4x32({static_cast<std::uint32_t>(first / 4), row_ids[lane], stream,
                                                    static_cast<std::uint32_t>(step)}, key);
            for (std::size_t w = 0; w < 4; ++w) words[w][lane] = word[w];
        }
        for (int w = 0; w < std::min(4, units - first); ++w) {
            T* to = mask + std::ptrdiff_t{first + w} * width;
            for (int lane = 0; lane < width; ++lane) to[lane] = words[w][lane] > last_dropped ? kept : T{0};
        }
    }
}

}  // namespace multilayer
