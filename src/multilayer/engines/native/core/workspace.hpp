// How a batch is divided among threads, and the buffers for that: allocated for the largest batch of a run.
#pragma once

#include "weight_gradient.hpp"

namespace multilayer {

// Operations of forward, ∇W and δ for one row; an activation and its slope count as some forty.
inline double operations_a_row(const Plan& plan) {
    double total = 0;
    for (std::size_t i = 0; i < plan.operations.size(); ++i) {
        const Operation& o = plan.operations[i];
        if (o.kind != Kind::affine) {
            total += 40.0 * static_cast<double>(o.units_out);
            continue;
        }
        const bool first = static_cast<int>(i) == first_affine(plan);
        total += 2.0 * static_cast<double>(o.units_in * o.units_out) * (first ? 2 : 3);
    }
    return total;
}

// Values, δ and rows of one sample.
inline Index numbers_a_row(const Plan& plan) {
    Index total = 2 * plan.n_inputs;
    for (const Operation& o : plan.operations) total += (o.kind == Kind::affine ? 3 : 1) * o.units_out;
    return total;
}

constexpr double OPERATIONS_FOR_THREADS = 1e6;      // a step's, below which waking a helper costs more than it brings
constexpr Index CHUNK_BYTES = 400'000;              // of a tape that stays in a core's second-level cache beside W
constexpr Index CHUNK_ROWS = 128;                   // at least: each chunk passes over the whole gradient
constexpr Index GRADIENT_BYTES = 160'000;           // of a gradient that is better used up block by block

// Whether ∇W of a block of rows is used for the update as soon as it is there, all panels' values being kept till then:
// for gradients that outgrow the cache and are not much smaller than what a batch leaves behind.
template <typename T> inline bool updates_by_blocks(const Plan& plan, Index n) {
    for (const Operation& o : plan.operations) {
        if (o.kind == Kind::hinges) return false;
    }
    return n > 0 && !plan.clip_norm && plan.n_parameters * static_cast<Index>(sizeof(T)) > GRADIENT_BYTES &&
           4 * plan.n_parameters > n * numbers_a_row(plan);
}

// A batch's rows, shared out to `shares` of which each is worked through in chunks. Numbers depend on the shares, never
// on how many threads there are at the moment.
struct Division {
    Index n = 0, panels = 0, chunk = 0;  // rows; panels of the batch; panels a chunk
    int width = 0, shares = 1;
    bool by_blocks = false;              // if inputs are dense

    // Rows of a share, whole vectors: a panel that is half full costs half.
    template <typename T> Span share(int s) const {
        const Span vectors = part_of((n + LANES<T> - 1) / LANES<T>, s, shares);
        return {vectors.begin * LANES<T>, std::min(n, vectors.end * LANES<T>)};
    }
};

template <typename T> inline Division divide(const Plan& plan, Index n, int threads) {
    Division d;
    d.n = n, d.width = panel_width<T>(n), d.panels = panels_of<T>(n, d.width);
    const bool several = threads > 1 && static_cast<double>(n) * operations_a_row(plan) >= OPERATIONS_FOR_THREADS;
    d.shares = several ? static_cast<int>(std::min<Index>(threads, d.panels)) : 1;
    const Index bytes_a_panel = numbers_a_row(plan) * d.width * static_cast<Index>(sizeof(T));
    const Index share = (d.panels + d.shares - 1) / d.shares;
    const Index panels = std::max(CHUNK_BYTES / bytes_a_panel, CHUNK_ROWS / d.width);
    d.chunk = std::clamp<Index>(panels, 1, std::max<Index>(share, 1));
    d.by_blocks = updates_by_blocks<T>(plan, n);
    return d;
}

// What one thread works with.
template <typename T> struct Bench {
    Tape<T> tape;
    ActiveColumns active;
    Memory<T> columns;  // of W or ∇W where inputs are sparse, for a block of rows

    // Room for chunks of a division.
    void reserve(const Plan& plan, Index panels, int width, bool training, bool sparse) {
        const bool fits = tape.panels >= panels && tape.width == width && training_ >= training && sparse_ == sparse;
        if (!fits) {
            tape = Tape<T>(plan, panels, width, training, sparse);
            training_ = training, sparse_ = sparse;
        }
    }

    // The chunk's rows brought into the tape's panels; `training`: with inputs as rows of samples.
    Index fill(const Plan& plan, const Rows<T>& data, const Batch& chunk, double factor, bool training) {
        const bool compact = data.sparse() && plan.operations[0].kind == Kind::affine;
        if (compact) active.find(data, chunk);
        if (data.sparse() && !compact) active.all(data.n_inputs);
        if (data.sparse()) tape.use_inputs(static_cast<Index>(active.columns.size()));
        const Index panels = tape.filled = panels_of<T>(chunk.n, tape.width);
        const Operation& first = plan.operations[0];
        const bool keep = training && !data.sparse() && first.kind == Kind::affine && !tape.by_lanes(first, 0);
        for (Index p = 0; p < panels; ++p) {
            gather(data, chunk, active, tape, p, factor, keep);
            if (training && compact) turn_to_rows(tape, 0, tape.inputs, p);
        }
        return panels;
    }

    const ActiveColumns* active_of(const Plan& plan, const Rows<T>& data) const {
        return data.sparse() && plan.operations[0].kind == Kind::affine ? &active : nullptr;
    }

private:
    bool training_ = false, sparse_ = false;
};

}  // namespace multilayer
