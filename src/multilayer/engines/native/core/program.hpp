// Stretches of updates: of one network on one thread or several, or of a population with one thread a member.
#pragma once

#include <chrono>
#include <mutex>

#include "machine.hpp"
#include "pacing.hpp"
#include "questions.hpp"

namespace multilayer {

// Batch j of member k is order[k·order_step + starts[j] … starts[j + 1]).
struct Stretch {
    const std::int64_t* order = nullptr;
    Index order_step = 0;  // 0: all members share one order
    const std::int64_t* starts = nullptr;
    const double* scalars = nullptr;  // (batches, n_scalars)
    Index batches = 0, n_scalars = 0;
    bool stop_on_nonfinite = true;

    Batch batch(Index j, Index member) const {
        return {order + member * order_step + starts[j], 0, static_cast<Index>(starts[j + 1] - starts[j])};
    }
};

// One entry a batch and member, [batch][member].
struct Report {
    double *loss = nullptr, *weight = nullptr, *penalty = nullptr;
    Index done = 0;
    Ended ended = Ended::complete;

    void set(Index entry, const Seen& seen) const {
        loss[entry] = seen.loss, weight[entry] = seen.weight, penalty[entry] = seen.penalty;
    }
};

template <typename T> class Program {
public:
    Program(Plan plan, std::string_view rule, Index members, int threads)
        : plan(std::move(plan)), rule(find_rule<T>(rule)), team(threads) {
        for (Index k = 0; k < members; ++k) machines.push_back(std::make_unique<Machine<T>>(this->plan, this->rule));
    }

    void advance(const Rows<T>& data, const Stretch& stretch, Report& report, Interrupt& interrupt) {
        const FlushSubnormals flush;
        if (machines.size() == 1) advance_one(data, stretch, report, interrupt);
        else advance_members(data, stretch, report, interrupt);
    }

    const Plan plan;
    const RuleLoops<T> rule;
    Team team;
    std::vector<std::unique_ptr<Machine<T>>> machines;  // none once the state was handed over
    std::mutex running;  // held by whoever uses the machines

private:
    static double now() {
        return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    }

    void advance_one(const Rows<T>& data, const Stretch& stretch, Report& report, Interrupt& interrupt) {
        Machine<T>& machine = *machines.front();
        questions_.begin(now());
        for (Index j = 0; j < stretch.batches; ++j) {
            const Batch batch = stretch.batch(j, 0);
            const int shares = machine.division(batch.n, team.most()).shares;
            const bool measuring = shares > 1;
            const int threads = measuring && !pacing_.all_threads() ? 1 : shares;
            if (questions_.passed(batch.n) && questions_.due(now()) && interrupt.asked()) {
                report.ended = Ended::interrupted;
                return;
            }
            const double began = measuring ? now() : 0;
            const Seen seen = machine.update(team, threads, data, batch, stretch.scalars + j * stretch.n_scalars,
                                             stretch.stop_on_nonfinite, &interrupt);
            if (seen.ended != Ended::complete) {
                report.ended = seen.ended;
                return;
            }
            report.set(report.done++, seen);
            if (measuring) pacing_.stepped(now() - began, batch.n);
        }
    }

    // Members run apart, some batches at a time. If one of them has to stop, all go back to where they were before these
    // batches, and then as far as that one came; if they are interrupted, they stay where they were.
    void advance_members(const Rows<T>& data, const Stretch& stretch, Report& report, Interrupt& interrupt) {
        while (report.done < stretch.batches && report.ended == Ended::complete) {
            if (interrupt.asked()) {
                report.ended = Ended::interrupted;
                return;
            }
            const Index begin = report.done, end = std::min(stretch.batches, begin + batches_at_once(stretch, begin));
            remember();
            std::vector<Index> reached(machines.size());
            bool whole;
            try {
                whole = run_members(data, stretch, report, begin, end, reached, interrupt);
                const Index least = *std::min_element(reached.begin(), reached.end());
                if (whole && least < end) {
                    go_back();
                    whole = run_members(data, stretch, report, begin, least, reached, interrupt);
                    report.ended = Ended::nonfinite;
                }
                if (whole) report.done = least;
            } catch (...) {
                go_back();
                throw;
            }
            if (!whole) {
                go_back();
                report.ended = Ended::interrupted;
            }
        }
    }

    Index batches_at_once(const Stretch& stretch, Index j) const {
        const double rows = static_cast<double>(stretch.starts[j + 1] - stretch.starts[j] + 1);
        const double members_a_thread = static_cast<double>(machines.size()) / team.most() + 1;
        return std::clamp<Index>(static_cast<Index>(2e8 / (rows * members_a_thread * (operations_a_row(plan) + 1000))), 1, 64);
    }

    // What thread 0 is told, heard by all threads.
    class Heard final : public Interrupt {
    public:
        Heard(Interrupt* told, std::atomic<bool>& stopped) : told_(told), stopped_(stopped) {}
        bool asked() override {
            if (told_ && told_->asked()) stopped_ = true;
            return stopped_;
        }

    private:
        Interrupt* told_;
        std::atomic<bool>& stopped_;
    };

    // False if they were interrupted.
    bool run_members(const Rows<T>& data, const Stretch& stretch, const Report& report, Index begin, Index end,
                     std::vector<Index>& reached, Interrupt& interrupt) {
        const Index n = static_cast<Index>(machines.size());
        std::atomic<Index> next{0}, finished{0};
        std::atomic<bool> stopped{false};
        team.run(static_cast<int>(std::min<Index>(team.most(), n)), [&](int t) {
            Heard heard(t == 0 ? &interrupt : nullptr, stopped);
            try {
                Team alone(1);
                for (Index k = next++; k < n; k = next++, ++finished) {
                    Index j = begin;
                    for (; j < end && !stopped; ++j) {
                        const Seen seen = machines[static_cast<std::size_t>(k)]->update(
                            alone, 1, data, stretch.batch(j, k), stretch.scalars + j * stretch.n_scalars,
                            stretch.stop_on_nonfinite, &heard);
                        if (seen.ended != Ended::complete) break;
                        report.set(j * n + k, seen);
                    }
                    reached[static_cast<std::size_t>(k)] = j;
                }
            } catch (...) {
                stopped = true;  // for thread 0, which waits below
                throw;
            }
            while (t == 0 && finished < n && !heard.asked()) std::this_thread::yield();
        });
        return !stopped;
    }

    void remember() {
        kept_.clear();
        for (const auto& machine : machines) {
            const Parameters<T>& p = machine->parameters;
            std::vector<T> values(p.theta.get(), p.theta.get() + plan.n_parameters);
            for (const Memory<T>& slot : p.slots) values.insert(values.end(), slot.get(), slot.get() + plan.n_parameters);
            kept_.push_back({std::move(values), machine->step});
        }
    }
    void go_back() {
        for (std::size_t k = 0; k < machines.size(); ++k) {
            Parameters<T>& p = machines[k]->parameters;
            const T* from = kept_[k].values.data();
            std::copy_n(from, plan.n_parameters, p.theta.get());
            for (const Memory<T>& slot : p.slots) std::copy_n(from += plan.n_parameters, plan.n_parameters, slot.get());
            machines[k]->step = kept_[k].step;
        }
    }

    struct Kept {
        std::vector<T> values;
        std::uint64_t step;
    };

    Questions questions_;
    Pacing pacing_;
    std::vector<Kept> kept_;
};

}  // namespace multilayer
