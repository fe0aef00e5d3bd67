// One network with its state: an update by each of the three ways, and what is asked of it between updates.
#pragma once

#include <memory>

#include "block_update.hpp"
#include "evaluation.hpp"
#include "single_row.hpp"

namespace multilayer {

enum class Ended { complete, interrupted, nonfinite };

// What a batch showed before its update: sums over its rows, and the penalty's part of J.
struct Seen {
    double loss = 0, weight = 0, penalty = 0;
    Ended ended = Ended::complete;
};

template <typename T> class Machine {
public:
    Machine(const Plan& plan, const RuleLoops<T>& rule)
        : parameters(plan, rule), evaluation(plan), plan_(plan), sum_(plan), blocks_(plan) {
        if (fits_single_row(plan) && !plan.clip_norm) single_ = std::make_unique<SingleRow<T>>(plan);
    }

    Parameters<T> parameters;
    Evaluation<T> evaluation;
    std::uint64_t step = 0, seed = 0;

    // How a batch of n rows is divided; asked for every batch, and mostly the same as for the one before.
    const Division& division(Index n, int threads) {
        if (division_.n != n || division_threads_ != threads) {
            division_ = divide<T>(plan_, n, threads), division_threads_ = threads;
        }
        return division_;
    }

    // One update; none where a loss or gradient is not finite and that is to stop it, or where it was interrupted.
    Seen update(Team& team, int threads, const Rows<T>& data, const Batch& batch, const double* scalars,
                bool stop_on_nonfinite, Interrupt* interrupt) {
        Seen seen;
        seen.weight = weight_of(data, batch);
        const double divisor = seen.weight != 0 ? seen.weight : 1.0;  // sums over rows without weight are 0
        const double factor = plan_.mean ? 1.0 / divisor : 1.0;
        const Update update = parameters.update_by(scalars, divisor);
        const Masks masks{step, seed};
        bool stopped = false;
        if (single_ && batch.n == 1 && !data.sparse()) {
            stopped = !update_by_row(seen, data, batch[0], factor, update, stop_on_nonfinite);
        } else {
            using Outcome = typename BlockUpdate<T>::Outcome;
            Outcome outcome = Outcome::unbounded;
            if (division(batch.n, team.most()).by_blocks && !data.sparse()) {
                outcome = blocks_.update(team, threads, parameters, data, batch, factor, masks, update, stop_on_nonfinite,
                                         interrupt, seen.loss, seen.penalty);
            }
            if (outcome == Outcome::interrupted) {
                seen.ended = Ended::interrupted;
                return seen;
            }
            if (outcome == Outcome::unbounded) {  // of large gradients: where only the whole gradient can tell whether it is finite
                const Division& d = division(batch.n, team.most());
                if (!sum_.sum(team, threads, parameters.theta.get(), data, batch, d, factor, &masks, interrupt)) {
                    seen.ended = Ended::interrupted;
                    return seen;
                }
                seen.loss = sum_.loss();
                stopped = stop_on_nonfinite && !(std::isfinite(seen.loss) && sum_.finite());
                if (!stopped) seen.penalty = parameters.apply(team, threads, parts(), update);
            }
        }
        if (stopped) seen.ended = Ended::nonfinite;
        else ++step;
        return seen;
    }

    // Loss and gradient summed over a batch, without penalty, at `theta` (none: the state's); false: interrupted.
    bool gradient(Team& team, const T* theta, const Rows<T>& data, const Batch& batch, bool masked, T* to, Seen& seen,
                  Interrupt* interrupt) {
        const Masks masks{step, seed};
        const Division d = divide<T>(plan_, batch.n, team.most());
        if (!theta) theta = parameters.theta.get();
        if (!sum_.sum(team, d.shares, theta, data, batch, d, 1.0, masked ? &masks : nullptr, interrupt)) return false;
        seen.loss = sum_.loss(), seen.weight = weight_of(data, batch);
        std::copy_n(sum_.part(0), plan_.n_parameters, to);
        for (int s = 1; s < sum_.parts(); ++s) {
            for (Index i = 0; i < plan_.n_parameters; ++i) to[i] += sum_.part(s)[i];
        }
        return true;
    }

    // The update by a summed gradient; returns the penalty's part of J from before.
    double apply(Team& team, const T* gradient, double weight, const double* scalars) {
        const double divisor = weight != 0 ? weight : 1.0;
        const T scale = static_cast<T>(plan_.mean ? divisor : 1.0);
        T* part = sum_.single_part();
        for (Index i = 0; i < plan_.n_parameters; ++i) part[i] = gradient[i] / scale;
        const double penalty = parameters.apply(team, 1, {part}, parameters.update_by(scalars, divisor));
        ++step;
        return penalty;
    }

private:
    bool update_by_row(Seen& seen, const Rows<T>& data, Index row, double factor, const Update& update, bool stop) {
        const double weight = data.weight ? static_cast<double>(data.weight[row]) : 1.0;
        const T* theta = parameters.theta.get();
        single_->forward(theta, data.x + row * data.n_inputs);
        seen.loss = weight * single_->backward(theta, data, row, static_cast<T>(weight * factor));
        if (stop && !(std::isfinite(seen.loss) && single_->finite())) return false;
        seen.penalty = single_->update(parameters, update) / update.penalty_scale;
        return true;
    }

    const std::vector<const T*>& parts() {
        part_pointers_.clear();
        for (int s = 0; s < sum_.parts(); ++s) part_pointers_.push_back(sum_.part(s));
        return part_pointers_;
    }

    const Plan& plan_;
    Division division_;
    int division_threads_ = 0;
    GradientSum<T> sum_;
    BlockUpdate<T> blocks_;
    std::unique_ptr<SingleRow<T>> single_;
    std::vector<const T*> part_pointers_;
};

}  // namespace multilayer
