// θ with the rule's memory, and the update by a gradient that stands in memory.
#pragma once

#include <cmath>

#include "team.hpp"
#include "workspace.hpp"
#include "update.hpp"

namespace multilayer {

template <typename T> class Parameters {
public:
    Parameters(const Plan& plan, const RuleLoops<T>& rule) : rule(rule), theta(plan.n_parameters), plan_(plan) {
        for (int k = 0; k < rule.slots; ++k) slots.emplace_back(plan.n_parameters);
        for (const Memory<T>& slot : slots) slot_pointers.push_back(slot.get());
        slot_pointers.resize(MOST_SLOTS, nullptr);
        for (const Slice& slice : slices_of(plan)) {
            for (Index begin = slice.begin; begin < slice.end; begin += BLOCK) {
                blocks_.push_back(slice);
                blocks_.back().begin = begin, blocks_.back().end = std::min(begin + BLOCK, slice.end);
            }
        }
        penalties_.resize(blocks_.size());
    }

    // What an update by a batch of this weight does to every slice.
    Update update_by(const double* scalars, double weight) const {
        Update update;
        std::copy_n(scalars, rule.scalars, update.scalars.begin());
        update.penalty_scale = plan_.penalty_in_mean ? weight : 1.0;
        update.clip_value = plan_.clip_value.value_or(0.0);
        update.proximal = plan_.proximal;
        return update;
    }

    // The update by the sum of some parts, blocks shared among threads; returns λΩ(θ) from before.
    double apply(Team& team, int threads, const std::vector<const T*>& parts, Update update) {
        if (plan_.clip_norm) update.shrink = *plan_.clip_norm / std::max(norm(parts), *plan_.clip_norm);
        if (plan_.n_parameters * static_cast<Index>(sizeof(T)) < BYTES_FOR_THREADS) threads = 1;
        team.run(threads, [&](int t) {
            const Span share = part_of(plan_.n_parameters, t, threads);
            for (std::size_t b = 0; b < blocks_.size(); ++b) {
                const Slice& block = blocks_[b];
                if (block.begin < share.begin || block.begin >= share.end) continue;
                const Parts<T> source{parts.data(), static_cast<int>(parts.size()), block.begin};
                penalties_[b] = rule.parts[block.loop()](
                    theta.get(), slot_pointers.data(), block.begin, source, 1, block.end - block.begin, 0, block, update);
            }
        });
        double penalty = 0;
        for (const double part : penalties_) penalty += part;
        return penalty / update.penalty_scale;
    }

    const RuleLoops<T> rule;
    Memory<T> theta;
    std::vector<Memory<T>> slots;
    std::vector<T*> slot_pointers;

private:
    static constexpr Index BLOCK = 1024;
    static constexpr Index BYTES_FOR_THREADS = 32'000;  // of θ: below, another thread costs more than it brings

    // ‖g‖ after clipping by value; divided by the largest entry first, so that no square overflows.
    double norm(const std::vector<const T*>& parts) const {
        const double limit = plan_.clip_value.value_or(std::numeric_limits<double>::infinity());
        const auto entry = [&](Index i) {
            T g = parts[0][i];
            for (std::size_t k = 1; k < parts.size(); ++k) g += parts[k][i];
            return std::min(std::abs(static_cast<double>(g)), limit);
        };
        double largest = 0, total = 0;
        for (Index i = 0; i < plan_.n_parameters; ++i) largest = std::max(largest, entry(i));
        if (largest == 0) return 0;
        for (Index i = 0; i < plan_.n_parameters; ++i) total += (entry(i) / largest) * (entry(i) / largest);
        return largest * std::sqrt(total);
    }

    const Plan& plan_;
    std::vector<Slice> blocks_;
    std::vector<double> penalties_;
};

}  // namespace multilayer
