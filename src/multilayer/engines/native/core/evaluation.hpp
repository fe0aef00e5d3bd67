// Losses and predictions of many rows: chunks in a queue, from which each thread takes the next.
#pragma once

#include "gradient_sum.hpp"

namespace multilayer {

// Of a piece of work that comes by itself, below which waking helpers that have gone to sleep costs more than they do.
constexpr double OPERATIONS_FOR_PARKED_THREADS = 5e6;

template <typename T> class Evaluation {
public:
    explicit Evaluation(const Plan& plan) : plan_(plan) {}

    // Loss summed over all rows by weight, without dropout; false if it was interrupted.
    bool loss(Team& team, const T* theta, const Rows<T>& data, Interrupt* interrupt, double& total) {
        std::vector<double> parts;
        const bool whole = for_chunks(team, data, parts, interrupt, [&](Bench<T>& bench, const Batch& chunk, Index panels) {
            Tape<T>& tape = bench.tape;
            const Pass<T> pass{plan_, theta, tape, bench.active_of(plan_, data), nullptr, false, -1};
            forward(pass, {0, panels}, bench.columns);
            const int n = static_cast<int>(plan_.operations.size()), units = static_cast<int>(plan_.n_outputs);
            double part = 0;
            for (Index p = 0; p < panels; ++p) {
                loss_alone(plan_.head, units, tape.width, tape.value(n, p), tape.target(p), tape.output(p), tape.sample_loss(p));
                sum_losses(data, chunk, tape, p);
                part += tape.loss[static_cast<std::size_t>(p)];
            }
            return part;
        });
        total = 0;
        for (const double part : parts) total += part;
        return whole;
    }

    // Numbers a row of what `predict` gives.
    Index units(int until) const {
        return until < 0 ? plan_.n_outputs : plan_.operations[static_cast<std::size_t>(until)].units_out;
    }

    // Outputs f = o(z), or the values after operation `until` (none: −1), row by row; false if it was interrupted.
    bool predict(Team& team, const T* theta, const Rows<T>& data, int until, T* to, Interrupt* interrupt) {
        const int last = until < 0 ? static_cast<int>(plan_.operations.size()) : until + 1;
        const Index units_out = units(until);
        std::vector<double> parts;
        return for_chunks(team, data, parts, interrupt, [&](Bench<T>& bench, const Batch& chunk, Index panels) {
            Tape<T>& tape = bench.tape;
            const Pass<T> pass{plan_, theta, tape, bench.active_of(plan_, data), nullptr, false, until};
            forward(pass, {0, panels}, bench.columns);
            for (Index p = 0; p < panels; ++p) {
                const T* values = tape.value(last, p);
                if (until < 0) {
                    apply_output(plan_.head, tape.width, values, tape.output(p));
                    values = tape.output(p);
                }
                write_rows(values, units_out, tape.used[static_cast<std::size_t>(p)], tape.width,
                           to + (chunk.first + p * tape.width) * units_out);
            }
            return 0.0;
        });
    }

private:
    // [unit][lane] → rows of units.
    static void write_rows(const T* values, Index units, int used, int width, T* to) {
        alignas(ALIGNMENT) T square[LANES<T> * LANES<T>];
        for (int lane = 0; lane < used; lane += LANES<T>) {
            const int here = std::min(LANES<T>, used - lane);
            for (Index u = 0; u < units; u += LANES<T>) {
                const int n = static_cast<int>(std::min<Index>(LANES<T>, units - u));
                transpose(values + u * width + lane, width, n, square, LANES<T>, here);
                for (int i = 0; i < here; ++i) {
                    T* row = to + (lane + i) * units + u;
                    if (n == LANES<T>) store(row, load(square + i * LANES<T>));
                    else store_first(row, load(square + i * LANES<T>), n);
                }
            }
        }
    }

    template <typename Work>
    bool for_chunks(Team& team, const Rows<T>& data, std::vector<double>& parts, Interrupt* interrupt, const Work& work) {
        const Division d = divide<T>(plan_, data.n, team.most());
        const Index rows = d.chunk * d.width, chunks = (data.n + rows - 1) / std::max<Index>(rows, 1);
        parts.assign(static_cast<std::size_t>(chunks), 0.0);
        const bool several = static_cast<double>(data.n) * operations_a_row(plan_) >= OPERATIONS_FOR_PARKED_THREADS;
        const int threads = several ? static_cast<int>(std::min<Index>(team.most(), chunks)) : 1;
        if (static_cast<int>(benches_.size()) < threads) benches_.resize(static_cast<std::size_t>(threads));
        for (int t = 0; t < threads; ++t) {
            benches_[static_cast<std::size_t>(t)].reserve(plan_, d.chunk, d.width, false, data.sparse());
        }
        std::atomic<Index> next{0};
        std::atomic<bool> ended{false};
        team.run(threads, [&](int t) {
            Bench<T>& bench = benches_[static_cast<std::size_t>(t)];
            for (Index c = next++; c < chunks && !ended; c = next++) {
                const Batch chunk{nullptr, c * rows, std::min(rows, data.n - c * rows)};
                const Index panels = bench.fill(plan_, data, chunk, 1.0, false);
                parts[static_cast<std::size_t>(c)] = work(bench, chunk, panels);
                if (t == 0 && interrupt && interrupt->asked()) ended = true;
            }
        });
        return !ended;
    }

    const Plan& plan_;
    std::vector<Bench<T>> benches_;
};

}  // namespace multilayer
