// The update of large networks: ∇W of some rows of W is used up while it is in the cache, and never stands as a whole.
//
// First all panels go forward and back; then each block of rows of each W gets its ∇W, its ∇b and its update. Before the
// second half begins it must be certain that nothing in it overflows: no entry of ∇W = Δ Hᵀ exceeds n·max|δ|·max|h|.
#pragma once

#include "gradient_sum.hpp"
#include "parameters.hpp"

namespace multilayer {

template <typename T> class BlockUpdate {
public:
    explicit BlockUpdate(const Plan& plan) : plan_(plan) {
        Index cost = 0;
        for (int i = 0; i < static_cast<int>(plan.operations.size()); ++i) {
            const Operation& o = plan.operations[static_cast<std::size_t>(i)];
            if (o.kind != Kind::affine) continue;
            for (Index column = 0; column < o.units_in; column += COLUMNS) {
                const Span columns{column, std::min(column + COLUMNS, o.units_in)};
                for_tiles(0, o.units_out, [&](Index first, int rows) {
                    cost += rows * (columns.end - columns.begin);
                    blocks_.push_back({i, first, rows, columns, cost});
                });
            }
        }
        penalties_.resize(blocks_.size());
    }

    // Forward and back; then the update unless it must stop. `seen.ended` is nonfinite where the bound does not hold.
    void update(Team& team, int threads, Parameters<T>& parameters, const Rows<T>& data, const Batch& batch,
                double factor, const Masks& masks, const Update& update, bool stop_on_nonfinite, double& loss,
                double& penalty, bool& bounded) {
        const int width = panel_width<T>(batch.n);
        const Index panels = panels_of<T>(batch.n, width);
        threads = static_cast<int>(std::min<Index>(threads, panels));
        reserve(threads, panels, width);
        team.run(threads, [&](int t) {
            propagate(benches_[static_cast<std::size_t>(t)], parameters.theta.get(), data, batch, factor, masks,
                      part_of(panels, t, threads), stop_on_nonfinite);
        });
        loss = 0;
        for (Index p = 0; p < panels; ++p) loss += tape_.loss[static_cast<std::size_t>(p)];
        bounded = !stop_on_nonfinite || (std::isfinite(loss) && within_bounds(threads, batch.n));
        if (!bounded) return;
        team.run(threads, [&](int t) {
            const Index all = blocks_.back().cost;
            for (std::size_t b = 0; b < blocks_.size(); ++b) {
                if ((blocks_[b].cost - 1) * threads / all != t) continue;
                penalties_[b] = update_block(benches_[static_cast<std::size_t>(t)], blocks_[b], panels, parameters, update);
            }
        });
        penalty = 0;
        for (const double part : penalties_) penalty += part;
        penalty /= update.penalty_scale;
    }

private:
    // Of ∇W at a time: with the same columns of a batch's rows all rows of W are gone through, while they are near.
    static constexpr Index COLUMNS = 2048 / sizeof(T);

    struct Block {
        int operation;
        Index first;
        int rows;
        Span columns;
        Index cost;  // of all blocks up to this one
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
            benches_.push_back({{}, Memory<T>(TILE_ROWS * COLUMNS), Memory<T>(TILE_ROWS), std::vector<double>(n),
                                std::vector<double>(n)});
        }
    }

    void propagate(Bench& bench, const T* theta, const Rows<T>& data, const Batch& batch, double factor,
                   const Masks& masks, Span panels, bool bounds) {
        const ActiveColumns dense;
        const bool keep = plan_.operations[0].kind == Kind::affine;
        for (Index p = panels.begin; p < panels.end; ++p) gather(data, batch, dense, tape_, p, factor, keep);
        const Pass<T> pass{plan_, theta, tape_, nullptr, &masks, true, -1};
        forward(pass, panels, bench.columns);
        for (Index p = panels.begin; p < panels.end; ++p) start_backward(pass, data, batch, p);
        backward<T>(pass, panels, nullptr);
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

    // θ and slots of a block are on their way while its gradient is computed.
    static void prefetch(const Parameters<T>& parameters, Index begin, Index rows, Index columns, Index step) {
        constexpr Index line = ALIGNMENT / sizeof(T);
        for (Index r = 0; r < rows; ++r, begin += step) {
            for (Index c = 0; c < columns; c += line) {
                __builtin_prefetch(parameters.theta.get() + begin + c, 1, 2);
                for (const Memory<T>& slot : parameters.slots) __builtin_prefetch(slot.get() + begin + c, 1, 2);
            }
        }
    }

    double update_block(Bench& bench, const Block& block, Index panels, Parameters<T>& parameters, const Update& update) {
        const Operation& o = plan_.operations[static_cast<std::size_t>(block.operation)];
        const auto& loop = parameters.rule.parts[parameters.plain];
        const View& weight = plan_.views[static_cast<std::size_t>(o.weight)];
        T* const gradient = bench.gradient.get();
        const Index columns = block.columns.end - block.columns.begin;
        const Index begin = weight.start + block.first * weight.columns + block.columns.begin;
        prefetch(parameters, begin, block.rows, columns, weight.columns);
        weight_gradient(plan_, tape_, block.operation, panels, block.first, block.rows, block.columns, gradient, columns, false);
        const T* const of_weight = gradient;
        double penalty = loop(parameters.theta.get(), parameters.slot_pointers.data(),
                              begin, Parts<T>{&of_weight, 1, 0, columns}, block.rows, columns, weight.columns, settings(weight),
                              update);
        if (o.bias >= 0 && block.columns.begin == 0) {
            bias_gradient(tape_, block.operation, panels, block.first, block.rows, bench.biases.get(), false);
            const View& bias = plan_.views[static_cast<std::size_t>(o.bias)];
            const T* const part = bench.biases.get();
            penalty += loop(parameters.theta.get(), parameters.slot_pointers.data(), bias.start + block.first,
                            Parts<T>{&part, 1}, 1, block.rows, 0, settings(bias), update);
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
