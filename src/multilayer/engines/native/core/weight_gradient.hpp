// ∇W = Δ Hᵀ and ∇b = Σ Δ over a batch's samples, some rows of W at a time.
#pragma once

#include "propagation.hpp"

namespace multilayer {

// Entries of a row of ∇W, column after column: each is the sum of δ·h over all samples, lane by lane and then across lanes.
template <typename T, int COLUMNS>
inline void sums_over_lanes(const Tape<T>& tape, int i, Index panels, Index row, Index column, T* to, bool add) {
    Lanes<T> total[COLUMNS];
    for (int c = 0; c < COLUMNS; ++c) total[c] = Lanes<T>(0.0);
    for (Index panel = 0; panel < panels; ++panel) {
        const int width = tape.width, used = tape.used[static_cast<std::size_t>(panel)];
        const T* h = tape.value(i, panel) + column * width;
        const T* delta = tape.delta(i + 1, panel) + row * width;
        for (int lane = 0; lane < used; lane += LANES<T>, h += LANES<T>) {
            const Lanes<T> d = load(delta + lane);
            if (const int here = used - lane; here < LANES<T>) {
                for (int c = 0; c < COLUMNS; ++c) total[c] = fused(d, load_first(h + c * width, here), total[c]);
            } else {
                for (int c = 0; c < COLUMNS; ++c) total[c] = fused(d, load(h + c * width), total[c]);
            }
        }
    }
    for (int c = 0; c < COLUMNS; ++c) to[c] = add ? to[c] + sum(total[c]) : sum(total[c]);
}

template <typename T>
inline void weight_gradient_by_lanes(const Tape<T>& tape, int i, Index panels, Index first, int rows, Span columns, T* to,
                                     Index step, bool add) {
    constexpr int together = 8;  // sums that do not wait for each other
    for (Index r = first; r < first + rows; ++r, to += step) {
        Index c = columns.begin;
        for (; c + together <= columns.end; c += together) {
            sums_over_lanes<T, together>(tape, i, panels, r, c, to + (c - columns.begin), add);
        }
        for (; c < columns.end; ++c) sums_over_lanes<T, 1>(tape, i, panels, r, c, to + (c - columns.begin), add);
    }
}

// Rows [first, first + rows) of ∇W of affine operation i, rows ≤ TILE_ROWS, of the columns in a span that begins at a
// multiple of the panels' width, written or added to `to`, where rows are `step` apart.
template <typename T, bool FETCHES = false>
inline void weight_gradient(const Plan& plan, const Tape<T>& tape, int i, Index panels, Index first, int rows, Span columns,
                            T* to, Index step, bool add, const Soon& soon = {}) {
    const Operation& o = plan.operations[static_cast<std::size_t>(i)];
    if (tape.by_lanes(o, i)) return weight_gradient_by_lanes(tape, i, panels, first, rows, columns, to, step, add);
    const int width = tape.width;
    Product<T> p;
    p.blocks = panels, p.depth = width, p.last_depth = tape.used[static_cast<std::size_t>(panels - 1)];
    p.a = tape.delta(i + 1, 0) + first * width, p.a_row = width, p.a_step = 1, p.a_block = o.units_out * width;
    p.c_row = step, p.add = add, p.soon = soon;
    // From the last block down: a partial store may touch what the next block will write, where it ends a row.
    for (Index c = floor_to(columns.end - 1, width); c >= columns.begin; c -= width) {
        const int left = static_cast<int>(std::min<Index>(width, columns.end - c));
        const int vectors = (left + LANES<T> - 1) / LANES<T>;
        p.b = tape.rows(i, c), p.b_step = tape.row_step(i, c), p.b_block = width * p.b_step;
        p.c = to + (c - columns.begin), p.tail = left - (vectors - 1) * LANES<T>;
        kernel<T, FETCHES>(rows, vectors)(p);
    }
}

// The same rows' ∇b. Panels' last lanes hold δ = 0 where there is no sample.
template <typename T>
inline void bias_gradient(const Tape<T>& tape, int i, Index panels, Index first, int rows, T* to, bool add) {
    for (int r = 0; r < rows; ++r) {
        Lanes<T> total(0.0);
        for (Index panel = 0; panel < panels; ++panel) {
            const T* delta = tape.delta(i + 1, panel) + (first + r) * tape.width;
            for (int lane = 0; lane < tape.width; lane += LANES<T>) total = total + load(delta + lane);
        }
        to[r] = add ? to[r] + sum(total) : sum(total);
    }
}

// The same rows of the first ∇W where inputs are sparse, added to `to`, in which the columns that no sample uses stay.
template <typename T>
inline void sparse_weight_gradient(const Plan& plan, const Tape<T>& tape, const ActiveColumns& active, Index panels,
                                   Index first, int rows, T* to, Memory<T>& columns) {
    const Index inputs = static_cast<Index>(active.columns.size()), step = plan.operations[0].units_in;
    if (inputs == 0) return;
    columns.reserve(TILE_ROWS * inputs);
    weight_gradient(plan, tape, 0, panels, first, rows, {0, inputs}, columns.get(), inputs, false);
    for (int r = 0; r < rows; ++r) {
        const T* from = columns.get() + r * inputs;
        for (Index k = 0; k < inputs; ++k) to[r * step + active.columns[static_cast<std::size_t>(k)]] += from[k];
    }
}

// All of a small ∇W: each entry is the sum over a panel's lanes of δ·h.
template <typename T>
inline void small_weight_gradient(const Operation& o, const Tape<T>& tape, int i, T* to, bool add) {
    const int width = tape.width;
    const Index inputs = o.units_in;
    const T* delta = tape.delta(i + 1, 0);
    for (Index r = 0; r < o.units_out; ++r, delta += width) {
        const T* h = tape.value(i, 0);
        for (Index c = 0; c < inputs; ++c, ++to, h += width) {
            Lanes<T> products = load(delta) * load(h);
            if (width > LANES<T>) products = fused(load(delta + LANES<T>), load(h + LANES<T>), products);
            const T total = sum(products);
            *to = add ? *to + total : total;
        }
    }
}

// All of ∇θ of a chunk, written or added to `gradient`; what hinges learn is there already.
template <typename T>
inline void gradient_of_chunk(const Plan& plan, Tape<T>& tape, const ActiveColumns* active, Index panels, T* gradient,
                              bool add, Memory<T>& columns) {
    for (int i = first_affine(plan); i < static_cast<int>(plan.operations.size()); ++i) {
        const Operation& o = plan.operations[static_cast<std::size_t>(i)];
        if (o.kind != Kind::affine) continue;
        T* w = gradient + plan.views[static_cast<std::size_t>(o.weight)].start;
        const bool sparse = i == 0 && active;
        if (!sparse && tape.is_small(o)) small_weight_gradient(o, tape, i, w, add);
        else for_tiles(0, o.units_out, [&](Index first, int rows) {
            if (sparse) {
                sparse_weight_gradient(plan, tape, *active, panels, first, rows, w + first * o.units_in, columns);
            } else {
                weight_gradient(plan, tape, i, panels, first, rows, {0, o.units_in}, w + first * o.units_in, o.units_in, add);
            }
        });
        if (o.bias < 0) continue;
        T* b = gradient + plan.views[static_cast<std::size_t>(o.bias)].start;
        bias_gradient(tape, i, panels, 0, static_cast<int>(o.units_out), b, add);
    }
}

}  // namespace multilayer
