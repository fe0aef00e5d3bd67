// The largest of each `pieces` neighbouring units of a panel: z [unit·pieces + piece][lane] → h [unit][lane].
#pragma once

#include <cstddef>

#include "elementary.hpp"
#include "lanes.hpp"

namespace multilayer {

// A NaN among the pieces is the largest.
template <typename T> Lanes<T> largest_piece(int pieces, int width, const T* z) {
    Lanes<T> h = load(z);
    for (int p = 1; p < pieces; ++p) h = elementary::maximum(h, load(z + std::ptrdiff_t{p} * width));
    return h;
}

template <typename T> void max_pool_forward(int pieces, int units, int width, const T* z, T* h) {
    for (int u = 0; u < units; ++u) {
        const T* of_unit = z + std::ptrdiff_t{u} * pieces * width;
        for (int lane = 0; lane < width; lane += Lanes<T>::count) {
            store(h + std::ptrdiff_t{u} * width + lane, largest_piece(pieces, width, of_unit + lane));
        }
    }
}

// Sends δ wrt h to the piece that won, the first where several did; δ wrt the others is 0.
template <typename T>
void max_pool_backward(int pieces, int units, int width, const T* z, const T* delta_h, T* delta_z) {
    const Lanes<T> zero(0.0);
    for (int u = 0; u < units; ++u) {
        for (int lane = 0; lane < width; lane += Lanes<T>::count) {
            const std::ptrdiff_t first = std::ptrdiff_t{u} * pieces * width + lane;
            const Lanes<T> h = largest_piece(pieces, width, z + first);
            const Lanes<T> delta = load(delta_h + std::ptrdiff_t{u} * width + lane);
            Truth<T> decided{};
            for (int p = 0; p < pieces; ++p) {
                const std::ptrdiff_t at = first + std::ptrdiff_t{p} * width;
                const Lanes<T> piece = load(z + at);
                const Truth<T> wins = ((piece == h) | (piece != piece)) & ~decided;
                decided = decided | wins;
                store(delta_z + at, where(wins, delta, zero));
            }
        }
    }
}

}  // namespace multilayer
