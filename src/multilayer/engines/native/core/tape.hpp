// Where a batch's values and δ live: what forward propagation leaves for the way back.
//
// Value i enters operation i. Values and δ are panels: [panel][unit][lane], one sample a lane. What enters an affine
// operation is needed a second time with samples as rows, for ∇W: [column block][sample][column], blocks of one panel's
// width of columns, zeros behind the last.
#pragma once

#include <algorithm>
#include <vector>

#include "memory.hpp"
#include "plan.hpp"

namespace multilayer {

template <typename T> constexpr int LANES = Lanes<T>::count;

inline Index rounded_up(Index n, Index power) { return (n + power - 1) & -power; }

// The multiple of a power of two below n, and how many of them hold n.
inline Index floor_to(Index n, Index power) { return n & -power; }
template <typename T> inline Index panels_of(Index n, int width) {
    return width == LANES<T> ? (n + LANES<T> - 1) / LANES<T> : (n + 2 * LANES<T> - 1) / (2 * LANES<T>);
}

// Things [begin, end) in a row: panels of a tape, blocks of θ.
struct Span {
    Index begin = 0, end = 0;
};

// The span of n things that share s of some gets.
inline Span part_of(Index n, Index s, Index shares) {
    return shares == 1 ? Span{0, n} : Span{n * s / shares, n * (s + 1) / shares};
}

// Lanes of a panel for a batch of n: one vector if that holds them all, else two.
template <typename T> inline int panel_width(Index n) { return n <= LANES<T> ? LANES<T> : 2 * LANES<T>; }

template <typename T> class Tape {
public:
    Tape() = default;

    // `training` keeps what backpropagation needs; `sparse` inputs come with their own number of columns, batch by batch.
    Tape(const Plan& plan, Index panels, int width, bool training, bool sparse)
        : width(width), panels(panels), inputs(plan.n_inputs), sparse_(sparse) {
        const std::size_t n = plan.operations.size();
        values_.resize(n + 1), deltas_.resize(n + 1), rows_.resize(n), masks_.resize(n);
        values_[0] = take(sparse ? 0 : plan.n_inputs);
        for (std::size_t i = 0; i < n; ++i) {
            const Operation& o = plan.operations[i];
            const bool in_place = o.kind == Kind::elementwise && (!training || keeps_h(o.activation));
            values_[i + 1] = in_place ? values_[i] : take(o.units_out);
            const Index columns = sparse && i == 0 ? 0 : rounded_up(o.units_in, LANES<T>);
            if (training && o.kind == Kind::affine) rows_[i] = take(columns);
            if (training && o.kind == Kind::dropout && o.rate > 0) masks_[i] = take(o.units_out);
        }
        targets_ = take(plan.n_outputs), outputs_ = take(plan.n_outputs);
        if (training) {
            deltas_[n] = take(plan.n_outputs);
            for (std::size_t i = n; i-- > static_cast<std::size_t>(first_affine(plan)) + 1;) {
                const Operation& o = plan.operations[i];
                const bool in_place = o.kind != Kind::affine && o.kind != Kind::max_pool;
                deltas_[i] = in_place ? deltas_[i + 1] : take(o.units_in);
            }
        }
        scales_ = take(1), losses_ = take(1);
        for (const Operation& o : plan.operations) needs_ids = needs_ids || (o.kind == Kind::dropout && o.rate > 0);
        memory_ = Memory<T>(size_);
        ids = Memory<std::uint32_t>(panels * width);
        used.resize(static_cast<std::size_t>(panels));
        loss.resize(static_cast<std::size_t>(panels));
    }

    // Room for the columns that a sparse batch uses.
    void use_inputs(Index columns) {
        inputs = columns;
        sparse_values_.reserve(columns * panels * width);
        sparse_rows_.reserve(rounded_up(columns, LANES<T>) * panels * width);
    }

    T* value(int i, Index panel) const {
        if (sparse_ && i == 0) return sparse_values_.get() + panel * inputs * width;
        return at(values_[static_cast<std::size_t>(i)], panel);
    }
    T* delta(int i, Index panel) const { return at(deltas_[static_cast<std::size_t>(i)], panel); }
    T* mask(int i, Index panel) const { return at(masks_[static_cast<std::size_t>(i)], panel); }
    T* target(Index panel) const { return at(targets_, panel); }
    T* output(Index panel) const { return at(outputs_, panel); }
    T* scale(Index panel) const { return at(scales_, panel); }        // factor on each sample's δ; 0 where there is none
    T* sample_loss(Index panel) const { return at(losses_, panel); }

    // Columns from `column` on (a multiple of the width) of what enters affine operation i; row s is sample s.
    T* rows(int i, Index column) const {
        if (sparse_ && i == 0) return sparse_rows_.get() + column * panels * width;
        return memory_.get() + rows_[static_cast<std::size_t>(i)].offset + column * panels * width;
    }
    // Steps from sample to sample there: the last block may be one vector wide.
    Index row_step(int i, Index column) const {
        const Index columns = sparse_ && i == 0 ? rounded_up(inputs, LANES<T>) : rows_[static_cast<std::size_t>(i)].units;
        return std::min<Index>(width, columns - column);
    }

    // Whether the product of an affine operation is so small that calling the kernel would cost more than it does.
    bool is_small(const Operation& o) const { return filled == 1 && o.units_in * o.units_out <= 64; }

    // Whether ∇W of affine operation i is summed over lanes, so that its inputs are not needed as rows: where turning them
    // would cost more. Of sparse inputs there are only rows.
    bool by_lanes(const Operation& o, int i) const {
        return !(sparse_ && i == 0) && (is_small(o) || o.units_out <= 2);
    }

    int width = 0;
    Index panels = 0;            // room for so many
    Index filled = 0;            // so many the chunk at hand has, on which alone its sums may depend
    Index inputs = 0;            // columns of value 0
    bool needs_ids = false;
    Memory<std::uint32_t> ids;   // [panel][lane], rows' ids for dropout masks
    std::vector<int> used;       // samples in each panel
    std::vector<double> loss;    // of each panel's samples, by weight

private:
    struct Place {
        Index offset = 0, units = 0;
    };

    // An odd number of lines between buffers, so that equal offsets in them do not meet in one set of the cache.
    Place take(Index units) {
        const Place place{size_, units};
        size_ += units * panels * width + 3 * LANES<T>;
        return place;
    }
    T* at(const Place& place, Index panel) const { return memory_.get() + place.offset + panel * place.units * width; }

    std::vector<Place> values_, deltas_, rows_, masks_;
    Place targets_, outputs_, scales_, losses_;
    Index size_ = 0;
    bool sparse_ = false;
    Memory<T> memory_, sparse_values_, sparse_rows_;
};

}  // namespace multilayer
