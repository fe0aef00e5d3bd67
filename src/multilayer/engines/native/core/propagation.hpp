// Forward propagation and backpropagation of panels, operation by operation.
//
//     Z = W H + b,  H = g(Z)          ΔH = Wᵀ ΔZ,  ΔZ = ΔH ⊙ g′(Z)        (network/propagation.py, with samples as lanes)
#pragma once

#include <array>

#include "dropout.hpp"
#include "elementwise.hpp"
#include "hinges.hpp"
#include "max_pool.hpp"
#include "rows.hpp"

namespace multilayer {

// Dropout masks of the coming update.
struct Masks {
    std::uint64_t step = 0, seed = 0;
};

// A long sum over k is cut into spans, so that a few panels' numbers of one span stay in a core's second-level cache while
// all of W passes by: work(span). Where it is cut depends on k alone, and so do the sum's bits.
constexpr Index DEPTH = 512;
template <typename Work> inline void for_depths(Index depth, const Work& work) {
    const Index spans = std::max<Index>((depth + DEPTH - 1) / DEPTH, 1);
    for (Index s = 0; s < spans; ++s) work(part_of(depth, s, spans));
}

// Vectors of a panel that hold samples. Behind them products leave zeros, so that lanes without a sample stay finite.
template <typename T> inline int used_vectors(const Tape<T>& tape, Index panel) {
    return (tape.used[static_cast<std::size_t>(panel)] + LANES<T> - 1) / LANES<T>;
}
template <typename T> inline void product(const Product<T>& p, int rows, const Tape<T>& tape, Index panel) {
    const int vectors = used_vectors(tape, panel);
    kernel<T>(rows, vectors)(p);
    if (vectors * LANES<T> == tape.width) return;
    for (int r = 0; r < rows; ++r) store(p.c + r * p.c_row + LANES<T>, Lanes<T>(0.0));
}

// Z = W H + b. Each block of W's rows meets all panels before the next one, so that W is read once.
// Of sparse inputs only the active columns are there, and of W only they are taken.
template <typename T>
inline void affine_forward(const Plan& plan, const T* theta, const ActiveColumns* active, Tape<T>& tape, int i,
                           Span panels, Memory<T>& columns_of_w) {
    const Operation& o = plan.operations[static_cast<std::size_t>(i)];
    const T* w = theta + plan.views[static_cast<std::size_t>(o.weight)].start;
    const Index inputs = active ? static_cast<Index>(active->columns.size()) : o.units_in;
    const int width = tape.width, vectors = width / LANES<T>;
    if (!active && tape.is_small(o)) {
        Product<T> p;
        p.last_depth = inputs, p.a = w, p.a_row = o.units_in, p.a_step = 1;
        p.b = tape.value(i, 0), p.c = tape.value(i + 1, 0), p.b_step = p.c_row = width;
        if (o.bias >= 0) p.start = theta + plan.views[static_cast<std::size_t>(o.bias)].start;
        return vectors == 1 ? small_product<T, 1>(p, o.units_out) : small_product<T, 2>(p, o.units_out);
    }
    if (active) columns_of_w.reserve(TILE_ROWS * inputs);
    for_depths(inputs, [&](Span span) { for_tiles(0, o.units_out, [&](Index first, int rows) {
        Product<T> p;
        p.last_depth = span.end - span.begin, p.add = span.begin > 0;
        p.a = w + first * o.units_in + span.begin, p.a_row = o.units_in, p.a_step = 1;
        if (active) {
            for (int r = 0; r < rows; ++r) {
                const T* row = w + (first + r) * o.units_in;
                T* to = columns_of_w.get() + r * p.last_depth;
                for (Index k = span.begin; k < span.end; ++k) *to++ = row[active->columns[static_cast<std::size_t>(k)]];
            }
            p.a = columns_of_w.get(), p.a_row = p.last_depth;
        }
        p.b_step = p.c_row = width, p.tail = LANES<T>;
        if (o.bias >= 0 && !p.add) p.start = theta + plan.views[static_cast<std::size_t>(o.bias)].start + first;
        for (Index panel = panels.begin; panel < panels.end; ++panel) {
            p.b = tape.value(i, panel) + span.begin * width, p.c = tape.value(i + 1, panel) + first * width;
            product(p, rows, tape, panel);
        }
    }); });
}

// ΔH = Wᵀ ΔZ, blocks of W's columns likewise.
template <typename T>
inline void affine_backward(const Plan& plan, const T* theta, Tape<T>& tape, int i, Span panels) {
    const Operation& o = plan.operations[static_cast<std::size_t>(i)];
    const T* w = theta + plan.views[static_cast<std::size_t>(o.weight)].start;
    const int width = tape.width, vectors = width / LANES<T>;
    if (tape.is_small(o)) {
        Product<T> p;
        p.last_depth = o.units_out, p.a = w, p.a_row = 1, p.a_step = o.units_in;
        p.b = tape.delta(i + 1, 0), p.c = tape.delta(i, 0), p.b_step = p.c_row = width;
        return vectors == 1 ? small_product<T, 1>(p, o.units_in) : small_product<T, 2>(p, o.units_in);
    }
    for_depths(o.units_out, [&](Span span) { for_tiles(0, o.units_in, [&](Index first, int rows) {
        Product<T> p;
        p.last_depth = span.end - span.begin, p.add = span.begin > 0;
        p.a = w + first + span.begin * o.units_in, p.a_row = 1, p.a_step = o.units_in;
        p.b_step = p.c_row = width, p.tail = LANES<T>;
        for (Index panel = panels.begin; panel < panels.end; ++panel) {
            p.b = tape.delta(i + 1, panel) + span.begin * width, p.c = tape.delta(i, panel) + first * width;
            product(p, rows, tape, panel);
        }
    }); });
}

// What differs between the uses of forward propagation.
template <typename T> struct Pass {
    const Plan& plan;
    const T* theta;
    Tape<T>& tape;
    const ActiveColumns* active = nullptr;  // of sparse inputs into an affine operation
    const Masks* masks = nullptr;           // none: no dropout
    bool keep_rows = false;                 // for ∇W; the first operation's are there if gathering kept them
    int until = -1;                         // last operation; −1: all
};

// Values after each operation, from value 0 on.
template <typename T> inline void forward(const Pass<T>& pass, Span panels, Memory<T>& columns_of_w) {
    const Plan& plan = pass.plan;
    Tape<T>& tape = pass.tape;
    const T* const theta = pass.theta;
    const int width = tape.width, n = static_cast<int>(plan.operations.size());
    const auto view = [&](int v) { return theta + plan.views[static_cast<std::size_t>(v)].start; };
    for (int i = 0; i < (pass.until < 0 ? n : pass.until + 1); ++i) {
        const Operation& o = plan.operations[static_cast<std::size_t>(i)];
        if (o.kind == Kind::affine) {
            const bool rows_needed = pass.keep_rows && i > 0 && !tape.by_lanes(o, i);
            for (Index panel = panels.begin; rows_needed && panel < panels.end; ++panel) {
                turn_to_rows(tape, i, o.units_in, panel);
            }
            affine_forward(plan, theta, i == 0 ? pass.active : nullptr, tape, i, panels, columns_of_w);
            continue;
        }
        for (Index panel = panels.begin; panel < panels.end; ++panel) {
            const T* from = tape.value(i, panel);
            T* to = tape.value(i + 1, panel);
            const Index size = o.units_out * width;
            switch (o.kind) {
                case Kind::elementwise: activate(o.activation, o.options.data(), from, to, size); break;
                case Kind::hinges: {
                    const int hinges = static_cast<int>(plan.views[static_cast<std::size_t>(o.slope)].rows);
                    hinges_forward(hinges, static_cast<int>(o.units_out), width, view(o.slope), view(o.knee), from, to);
                    break;
                }
                case Kind::max_pool: max_pool_forward(o.pieces, static_cast<int>(o.units_out), width, from, to); break;
                case Kind::dropout: {
                    if (!pass.masks || o.rate == 0) {
                        std::copy_n(from, size, to);
                        break;
                    }
                    T* mask = tape.mask(i, panel);
                    dropout_mask(mask, static_cast<int>(o.units_out), width, tape.ids.get() + panel * width, o.stream,
                                 pass.masks->step, pass.masks->seed, o.rate);
                    for (Index k = 0; k < size; k += LANES<T>) store(to + k, load(from + k) * load(mask + k));
                    break;
                }
                case Kind::affine: break;
            }
        }
    }
}

// The numbers 0, 1, … of a panel's lanes.
template <typename T> alignas(ALIGNMENT) inline constexpr auto LANE_NUMBERS = [] {
    std::array<T, 2 * LANES<T>> numbers{};
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<T>(i);
    return numbers;
}();

// δ of the last z, times each sample's factor, and the panel's loss by weight. Lanes without a sample may hold NaN.
template <typename T> inline void start_backward(const Pass<T>& pass, const Rows<T>& data, const Batch& batch, Index panel) {
    const Plan& plan = pass.plan;
    Tape<T>& tape = pass.tape;
    const int n = static_cast<int>(plan.operations.size()), width = tape.width, units = static_cast<int>(plan.n_outputs);
    T* delta = tape.delta(n, panel);
    loss_and_delta(plan.head, units, width, tape.value(n, panel), tape.target(panel), tape.output(panel), delta,
                   tape.sample_loss(panel));
    const Lanes<T> used(static_cast<double>(tape.used[static_cast<std::size_t>(panel)]));
    for (int lane = 0; lane < width; lane += LANES<T>) {
        const Lanes<T> factor = load(tape.scale(panel) + lane), zero(0.0);
        const Truth<T> there = load(LANE_NUMBERS<T>.data() + lane) < used;
        for (int u = 0; u < units; ++u) {
            T* d = delta + u * width + lane;
            store(d, where(there, load(d) * factor, zero));
        }
    }
    sum_losses(data, batch, tape, panel);
}

// Σ weight·loss of a panel's samples, in double.
template <typename T> inline void sum_losses(const Rows<T>& data, const Batch& batch, Tape<T>& tape, Index panel) {
    double total = 0;
    const T* loss = tape.sample_loss(panel);
    const int used = tape.used[static_cast<std::size_t>(panel)];
    if (data.weight) {
        for (int i = 0; i < used; ++i) {
            total += static_cast<double>(data.weight[batch[panel * tape.width + i]]) * static_cast<double>(loss[i]);
        }
    } else {
        for (int i = 0; i < used; ++i) total += static_cast<double>(loss[i]);
    }
    tape.loss[static_cast<std::size_t>(panel)] = total;
}

// δ from the last z down to the z of the first affine operation. Hinges add to the gradients of their own parameters.
template <typename T> inline void backward(const Pass<T>& pass, Span panels, T* gradient) {
    const Plan& plan = pass.plan;
    Tape<T>& tape = pass.tape;
    const T* const theta = pass.theta;
    const int width = tape.width, first = first_affine(plan);
    const auto start = [&](int v) { return plan.views[static_cast<std::size_t>(v)].start; };
    for (int i = static_cast<int>(plan.operations.size()) - 1; i > first; --i) {
        const Operation& o = plan.operations[static_cast<std::size_t>(i)];
        if (o.kind == Kind::affine) {
            affine_backward(plan, theta, tape, i, panels);
            continue;
        }
        for (Index panel = panels.begin; panel < panels.end; ++panel) {
            T* delta = tape.delta(i + 1, panel);
            const Index size = o.units_out * width;
            switch (o.kind) {
                case Kind::elementwise: {
                    const T* kept = tape.value(keeps_h(o.activation) ? i + 1 : i, panel);
                    multiply_by_slope(o.activation, o.options.data(), kept, delta, size);
                    break;
                }
                case Kind::hinges: {
                    const int hinges = static_cast<int>(plan.views[static_cast<std::size_t>(o.slope)].rows);
                    hinges_backward(hinges, static_cast<int>(o.units_out), width, theta + start(o.slope),
                                    theta + start(o.knee), tape.value(i, panel), delta, gradient + start(o.slope),
                                    gradient + start(o.knee));
                    break;
                }
                case Kind::max_pool:
                    max_pool_backward(o.pieces, static_cast<int>(o.units_out), width, tape.value(i, panel), delta,
                                      tape.delta(i, panel));
                    break;
                case Kind::dropout:
                    if (!pass.masks || o.rate == 0) break;
                    for (Index k = 0; k < size; k += LANES<T>) {
                        store(delta + k, load(delta + k) * load(tape.mask(i, panel) + k));
                    }
                    break;
                case Kind::affine: break;
            }
        }
    }
}

}  // namespace multilayer
