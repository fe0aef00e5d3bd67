// A batch's gradient, summed in parts: one part a share, and a share chunk by chunk.
//
// Parts depend on the division alone, so that the sum has the same bits whoever computes them.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "questions.hpp"
#include "team.hpp"
#include "workspace.hpp"

namespace multilayer {

template <typename T> class GradientSum {
public:
    explicit GradientSum(const Plan& plan) : plan_(plan) {
        for (const Operation& o : plan.operations) adds_ = adds_ || o.kind == Kind::hinges;
    }

    // False if it was interrupted. `factor` is put on every sample's δ beside its weight.
    bool sum(Team& team, int threads, const T* theta, const Rows<T>& data, const Batch& batch, const Division& d,
             double factor, const Masks* masks, Interrupt* interrupt) {
        reserve(d, data.sparse());
        std::atomic<bool> ended{false};
        threads = std::min(threads, d.shares);
        team.run(threads, [&](int t) {
            for (int s = t; s < d.shares; s += threads) {
                Bench<T>& bench = benches_[static_cast<std::size_t>(t)];
                sum_share(bench, s, theta, data, batch, d, factor, masks, t == 0 ? interrupt : nullptr, ended);
                finite_[static_cast<std::size_t>(s)] = is_finite(part(s), d.shares);
            }
        });
        return !ended;
    }

    int parts() const { return static_cast<int>(loss_.size()); }
    T* part(int s) const { return parts_[static_cast<std::size_t>(s)].get(); }

    double loss() const {
        double total = 0;
        for (const double part : loss_) total += part;
        return total;
    }

    // Whether neither a part nor their sum holds NaN or infinity.
    bool finite() const { return std::all_of(finite_.begin(), finite_.end(), [](char part) { return part != 0; }); }

    // One part, to be filled by the caller.
    T* single_part() {
        reserve_parts(1);
        return part(0);
    }

private:
    void reserve_parts(int shares) {
        while (static_cast<int>(parts_.size()) < shares) parts_.emplace_back(plan_.n_parameters + 2 * LANES<T>);
        loss_.resize(static_cast<std::size_t>(shares)), finite_.resize(static_cast<std::size_t>(shares));
    }

    // Whether a part is finite, and so small that a sum of `shares` such ones is; asked while it is still near.
    bool is_finite(const T* g, int shares) const {
        const Lanes<T> parts(static_cast<double>(shares)), zero(0.0);
        Lanes<T> a = zero, b = zero;  // 0·x is 0 for finite x alone; behind the last number there are zeros
        for (Index i = 0; i < plan_.n_parameters; i += 2 * LANES<T>) {
            a = a + zero * (parts * load(g + i));
            b = b + zero * (parts * load(g + i + LANES<T>));
        }
        return multilayer::sum(a + b) == T(0);
    }
    void reserve(const Division& d, bool sparse) {
        reserve_parts(d.shares);
        if (static_cast<int>(benches_.size()) < d.shares) benches_.resize(static_cast<std::size_t>(d.shares));
        for (int t = 0; t < d.shares; ++t) benches_[static_cast<std::size_t>(t)].reserve(plan_, d.chunk, d.width, true, sparse);
    }

    void sum_share(Bench<T>& bench, int s, const T* theta, const Rows<T>& data, const Batch& batch, const Division& d,
                   double factor, const Masks* masks, Interrupt* interrupt, std::atomic<bool>& ended) {
        const Span share = d.share<T>(s);
        const bool sparse = data.sparse() && plan_.operations[0].kind == Kind::affine;
        T* gradient = part(s);
        double& loss = loss_[static_cast<std::size_t>(s)];
        loss = 0;
        if (adds_ || sparse || share.begin == share.end) std::fill_n(gradient, plan_.n_parameters, T(0));
        const Index rows = d.chunk * d.width;
        for (Index begin = share.begin; begin < share.end && !ended; begin += rows) {
            const Index end = std::min(begin + rows, share.end);
            const Batch chunk = batch.part(begin, end);
            const Index panels = bench.fill(plan_, data, chunk, factor, true);
            const Pass<T> pass{plan_, theta, bench.tape, bench.active_of(plan_, data), masks, true, -1};
            forward(pass, {0, panels}, bench.columns);
            for (Index p = 0; p < panels; ++p) {
                start_backward(pass, data, chunk, p);
                loss += bench.tape.loss[static_cast<std::size_t>(p)];
            }
            backward(pass, {0, panels}, gradient);
            gradient_of_chunk(plan_, bench.tape, pass.active, panels, gradient, begin > share.begin, bench.columns);
            if (interrupt && end < share.end && interrupt->asked()) ended = true;
        }
    }

    const Plan& plan_;
    bool adds_ = false;  // hinges add to their gradients, which must start at 0
    std::vector<Memory<T>> parts_;
    std::vector<double> loss_;
    std::vector<char> finite_;  // of each part; bytes, since threads write them side by side
    std::vector<Bench<T>> benches_;
};

}  // namespace multilayer
