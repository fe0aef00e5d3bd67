// The update of large networks: ∇W of some rows and columns of W is used up while it is in the cache, and never stands as a
// whole.
//
// First all panels go forward and back; then each tile of each W gets its ∇W and its update, and ∇b goes with a row's first.
// Before the second half begins it must be certain that nothing in it overflows: no entry of ∇W = Δ Hᵀ exceeds
// n·max|δ|·max|h|.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "gradient_sum.hpp"
#include "parameters.hpp"

namespace multilayer {

template <typename T> class BlockUpdate {
public:
    explicit BlockUpdate(const Plan& plan) : plan_(plan) {
        for (int i = 0; i < static_cast<int>(plan.operations.size()); ++i) {
            const Operation& o = plan.operations[static_cast<std::size_t>(i)];
            if (o.kind != Kind::affine) continue;
            for (Index column = 0; column < o.units_in; column += COLUMNS) {
                const Span columns{column, std::min(column + COLUMNS, o.units_in)};
                for_tiles(0, o.units_out, [&](Index first, int rows) { blocks_.push_back({i, first, rows, columns}); });
            }
        }
        penalties_.resize(blocks_.size());
    }

    enum class Outcome { updated, interrupted, unbounded };

    // Forward and back; then the update, unless the work is interrupted or, where that stops it, the bound does not hold.
    Outcome update(Team& team, int threads, Parameters<T>& parameters, const Rows<T>& data, const Batch& batch,
                   double factor, const Masks& masks, const Update& update, bool stop_on_nonfinite, Interrupt* interrupt,
                   double& loss, double& penalty) {
        const int width = panel_width<T>(batch.n);
        const Index panels = panels_of<T>(batch.n, width);
        threads = static_cast<int>(std::min<Index>(threads, panels));
        reserve(threads, panels, width);
        if (static_cast<double>(batch.n) * operations_a_row(plan_) < LONG) interrupt = nullptr;
        std::atomic<bool> ended{false};
        team.run(threads, [&](int t) {
            propagate(benches_[static_cast<std::size_t>(t)], parameters.theta.get(), data, batch, factor, masks,
                      part_of(panels, t, threads), stop_on_nonfinite, t == 0 ? interrupt : nullptr, ended);
        });
        if (ended) return Outcome::interrupted;
        loss = 0;
        for (Index p = 0; p < panels; ++p) loss += tape_.loss[static_cast<std::size_t>(p)];
        if (stop_on_nonfinite && !(std::isfinite(loss) && within_bounds(threads, batch.n))) return Outcome::unbounded;
        std::atomic<std::size_t> next{0};
        team.run(threads, [&](int t) {
            for (std::size_t b = next++; b < blocks_.size(); b = next++) {
                penalties_[b] = update_block(benches_[static_cast<std::size_t>(t)], blocks_[b], panels, parameters, update);
            }
        });
        penalty = 0;
        for (const double part : penalties_) penalty += part;
        penalty /= update.penalty_scale;
        return Outcome::updated;
    }

private:
    // A block's columns: with the same ones of a batch's rows all rows of W are gone through, while they are near.
    static constexpr Index COLUMNS = 2048 / sizeof(T);
    // Operations of a step that lasts some hundredths of a second: its own middle asks whether to go on.
    static constexpr double LONG = 1e9;

    struct Block {
        int operation;
        Index first;
        int rows;
        Span columns;
    };
    struct Bench {
        Memory<T> columns, gradient, biases;
        std::vector<double> values, deltas;  // largest magnitudes at each operation
    };

    void reserve(int threads, Index panels, int width) {
        if (tape_.panels < panels || tape_.width != width) tape_ = Tape<T>(plan_, panels, width, true, false);
        tape_.filled = panels;
        while (static_cast<int>(benches_.size()) < threads) {
            const std::size_t n = plan_.operations.size();
            benches_.push_back({{}, Memory<T>(TILE_ROWS * 2 * LANES<T>), Memory<T>(TILE_ROWS), std::vector<double>(n),
                                std::vector<double>(n)});
        }
    }

    void propagate(Bench& bench, const T* theta, const Rows<T>& data, const Batch& batch, double factor,
                   const Masks& masks, Span panels, bool bounds, Interrupt* interrupt, std::atomic<bool>& ended) {
        const ActiveColumns dense;
        const bool keep = plan_.operations[0].kind == Kind::affine;
        for (Index p = panels.begin; p < panels.end; ++p) gather(data, batch, dense, tape_, p, factor, keep);
        const Pass<T> pass{plan_, theta, tape_, nullptr, &masks, true, -1};
        forward(pass, panels, bench.columns);
        if (interrupt && interrupt->asked()) ended = true;
        if (ended) return;
        for (Index p = panels.begin; p < panels.end; ++p) start_backward(pass, data, batch, p);
        backward<T>(pass, panels, nullptr);
        if (interrupt && interrupt->asked()) ended = true;
        for (std::size_t i = 0; bounds && i < plan_.operations.size(); ++i) {
            const Operation& o = plan_.operations[i];
            if (o.kind != Kind::affine) continue;
            bench.values[i] = bench.deltas[i] = 0;
            for (Index p = panels.begin; p < panels.end; ++p) {
                const int at = static_cast<int>(i);
                const double h = largest_magnitude(tape_.value(at, p), o.units_in * tape_.width);
                const double d = largest_magnitude(tape_.delta(at + 1, p), o.units_out * tape_.width);
                bench.values[i] = std::max(bench.values[i], h), bench.deltas[i] = std::max(bench.deltas[i], d);
            }
        }
    }

    bool within_bounds(int threads, Index n) const {
        for (std::size_t i = 0; i < plan_.operations.size(); ++i) {
            double h = 1, d = 0;
            for (int t = 0; t < threads; ++t) {
                const Bench& bench = benches_[static_cast<std::size_t>(t)];
                h = std::max(h, bench.values[i]), d = std::max(d, bench.deltas[i]);
            }
            if (!(static_cast<double>(n) * h * d <= static_cast<double>(std::numeric_limits<T>::max()))) return false;
        }
        return true;
    }

    // Where θ and slots of a tile lie, as seen from its first θ: they are on their way while its gradient is computed.
    static Index places(const Parameters<T>& parameters, int rows, Index step, int width, Index* to) {
        constexpr Index line = ALIGNMENT / sizeof(T);
        const auto address = [](const Memory<T>& memory) { return reinterpret_cast<std::intptr_t>(memory.get()); };
        Index n = 0;
        for (int k = -1; k < parameters.rule.slots; ++k) {
            const Memory<T>& memory = k < 0 ? parameters.theta : parameters.slots[static_cast<std::size_t>(k)];
            const Index apart = address(memory) - address(parameters.theta);
            for (int r = 0; r < rows; ++r) {
                for (Index c = 0; c < width; c += line) to[n++] = apart + (r * step + c) * static_cast<Index>(sizeof(T));
            }
        }
        return n;
    }

    double update_block(Bench& bench, const Block& block, Index panels, Parameters<T>& parameters, const Update& update) {
        const Operation& o = plan_.operations[static_cast<std::size_t>(block.operation)];
        const auto& loops = parameters.rule.parts;
        const View& weight = plan_.views[static_cast<std::size_t>(o.weight)];
        const Slice slice = settings(plan_, weight);
        const T* const gradient = bench.gradient.get();
        T* const theta = parameters.theta.get();
        std::array<Index, (1 + MOST_SLOTS) * TILE_ROWS * 2> soon;  // a panel's width of columns is two lines at most
        const Index n = places(parameters, block.rows, weight.columns, tape_.width, soon.data());
        double penalty = 0;
        for (Index c = block.columns.begin; c < block.columns.end; c += tape_.width) {
            const Span columns{c, std::min(c + tape_.width, block.columns.end)};
            const Index begin = weight.start + block.first * weight.columns + c;
            weight_gradient<T, true>(plan_, tape_, block.operation, panels, block.first, block.rows, columns, bench.gradient.get(),
                                     tape_.width, false, {reinterpret_cast<const char*>(theta + begin), soon.data(), n});
            penalty += loops[slice.loop()](theta, parameters.slot_pointers.data(), begin,
                                           Parts<T>{&gradient, 1, 0, tape_.width}, block.rows,
                                           columns.end - columns.begin, weight.columns, slice, update);
        }
        if (o.bias >= 0 && block.columns.begin == 0) {
            bias_gradient(tape_, block.operation, panels, block.first, block.rows, bench.biases.get(), false);
            const View& bias = plan_.views[static_cast<std::size_t>(o.bias)];
            const T* const part = bench.biases.get();
            const Slice its = settings(plan_, bias);
            penalty += loops[its.loop()](theta, parameters.slot_pointers.data(), bias.start + block.first, Parts<T>{&part, 1}, 1,
                                         block.rows, 0, its, update);
        }
        return penalty;
    }

    const Plan& plan_;
    Tape<T> tape_;
    std::vector<Block> blocks_;
    std::vector<Bench> benches_;
    std::vector<double> penalties_;
};

}  // namespace multilayer
