// The micro-kernel of all matrix products: a tile of C = start + A·B held in registers.
//
//     C[i, j] = start[i] + Σ_k A[i, k] B[k, j]
//
// One number of A is broadcast and meets one or two vectors of B, so that nothing is summed across lanes:
//
//     forward   Z  = W H + b      A = W      rows of W          B = a panel of H      (k: inputs)
//     δ         ΔH = Wᵀ Δ         A = Wᵀ     columns of W       B = a panel of Δ      (k: outputs)
//     ∇W        ∇W = Δ Hᵀ         A = Δ      panels, lane = k   B = rows of H         (k: samples)
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include "lanes.hpp"

namespace multilayer {

using Index = std::ptrdiff_t;

// Rows of a tile: with two vectors a row, as many accumulators as leave registers for B and the broadcast number.
constexpr int TILE_ROWS = REGISTERS == 32 ? 14 : 6;

// Cache lines of numbers that are changed right after a product: places from `base` on, in bytes.
struct Soon {
    const char* base = nullptr;
    const Index* places = nullptr;
    Index n = 0;
};

// A product as the kernel walks it. k runs over `blocks` blocks of `depth` (the last `last_depth`).
template <typename T> struct Product {
    Index blocks = 1, depth = 0, last_depth = 0;
    const T* a = nullptr;
    Index a_row = 0, a_step = 0, a_block = 0;  // steps in A from row to row, k to k, block to block
    const T* b = nullptr;
    Index b_step = 0, b_block = 0;
    T* c = nullptr;
    Index c_row = 0;
    const T* start = nullptr;  // one number a row; none: 0
    bool add = false;          // C += instead of C =
    int tail = 0;              // columns stored of the last vector
    Soon soon;                 // for kernels that fetch it
};

// ROWS × VECTORS accumulators; the loop over k does ROWS broadcasts and ROWS·VECTORS fused multiply-adds. FETCHES: and asks for
// a line of what comes soon, so that memory works while the multipliers do.
template <typename T, int ROWS, int VECTORS, bool FETCHES> void tile(const Product<T>& p) {
    constexpr int count = Lanes<T>::count;
    Lanes<T> c[ROWS][VECTORS];
#pragma GCC unroll 16
    for (int i = 0; i < ROWS; ++i) {
#pragma GCC unroll 2
        for (int j = 0; j < VECTORS; ++j) c[i][j] = Lanes<T>::all(p.start ? p.start[i] : T(0));
    }
    const Index* soon = p.soon.places;
    const Index* const last = soon + p.soon.n;
    for (Index block = 0; block < p.blocks; ++block) {
        const T* a = p.a + block * p.a_block;
        const T* b = p.b + block * p.b_block;
        const Index depth = block + 1 < p.blocks ? p.depth : p.last_depth;
        for (Index k = 0; k < depth; ++k, a += p.a_step, b += p.b_step) {
            if (FETCHES && soon != last) __builtin_prefetch(p.soon.base + *soon++, 1);
            Lanes<T> h[VECTORS];
#pragma GCC unroll 2
            for (int j = 0; j < VECTORS; ++j) h[j] = load(b + j * count);
#pragma GCC unroll 16
            for (int i = 0; i < ROWS; ++i) {
                const Lanes<T> w = Lanes<T>::all(a[i * p.a_row]);
#pragma GCC unroll 2
                for (int j = 0; j < VECTORS; ++j) c[i][j] = fused(w, h[j], c[i][j]);
            }
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < ROWS; ++i) {
        T* to = p.c + i * p.c_row;
#pragma GCC unroll 2
        for (int j = 0; j < VECTORS; ++j) {
            const bool whole = j + 1 < VECTORS || p.tail == count;
            Lanes<T> value = c[i][j];
            if (p.add) value = value + (whole ? load(to + j * count) : load_first(to + j * count, p.tail));
            if (whole) store(to + j * count, value);
            else store_first(to + j * count, value, p.tail);
        }
    }
}

template <typename T> using Tile = void (*)(const Product<T>&);

// The kernel for 1 … TILE_ROWS rows and 1 or 2 vectors.
template <typename T, int VECTORS, bool FETCHES, int... ROWS>
constexpr std::array<Tile<T>, sizeof...(ROWS)> kernels(std::integer_sequence<int, ROWS...>) {
    return {tile<T, ROWS + 1, VECTORS, FETCHES>...};
}
template <typename T, bool FETCHES = false> inline Tile<T> kernel(int rows, int vectors) {
    using Heights = std::make_integer_sequence<int, TILE_ROWS>;
    static constexpr auto one = kernels<T, 1, FETCHES>(Heights{}), two = kernels<T, 2, FETCHES>(Heights{});
    return (vectors == 1 ? one : two)[static_cast<std::size_t>(rows - 1)];
}

// Rows cut into as few tiles as possible, of nearly equal height: work(first row, rows).
template <typename Work> inline void for_tiles(Index begin, Index end, const Work& work) {
    const int all = static_cast<int>(end - begin);
    if (all <= TILE_ROWS) {
        if (all > 0) work(begin, all);
        return;
    }
    const int tiles = (all + TILE_ROWS - 1) / TILE_ROWS, rows = all / tiles, one_more = all % tiles;
    for (int t = 0; t < tiles; ++t) {
        work(begin, rows + (t < one_more));
        begin += rows + (t < one_more);
    }
}

// The same numbers for a few rows and a short k, where calling the kernel would cost more than it does.
template <typename T, int VECTORS>
inline void small_product(const Product<T>& p, Index rows) {
    constexpr int count = Lanes<T>::count;
    for (Index i = 0; i < rows; ++i) {
        Lanes<T> c[VECTORS];
        for (int j = 0; j < VECTORS; ++j) c[j] = Lanes<T>::all(p.start ? p.start[i] : T(0));
        for (Index k = 0; k < p.last_depth; ++k) {
            const Lanes<T> w = Lanes<T>::all(p.a[i * p.a_row + k * p.a_step]);
            for (int j = 0; j < VECTORS; ++j) c[j] = fused(w, load(p.b + k * p.b_step + j * count), c[j]);
        }
        for (int j = 0; j < VECTORS; ++j) store(p.c + i * p.c_row + j * count, c[j]);
    }
}

}  // namespace multilayer
