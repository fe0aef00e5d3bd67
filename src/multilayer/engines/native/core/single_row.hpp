// Networks on one sample: lanes are units, and a layer is as many scalar products as it has units.
//
// A panel with one sample would leave all other lanes idle. The update needs no gradient in memory: ∇W = δ hᵀ is formed
// where it is used.
#pragma once

#include <cmath>
#include <limits>
#include <type_traits>

#include "elementwise.hpp"
#include "parameters.hpp"
#include "rows.hpp"

namespace multilayer {

// Whether all operations are of the kinds below.
inline bool fits_single_row(const Plan& plan) {
    for (const Operation& o : plan.operations) {
        if (o.kind != Kind::affine && o.kind != Kind::elementwise) return false;
    }
    return first_affine(plan) == 0;
}

// z = W h + b, four rows of W at a time.
template <typename T>
inline void row_forward(const T* w, const T* bias, const T* h, Index inputs, Index outputs, T* z) {
    constexpr Index count = LANES<T>;
    const int left = static_cast<int>(inputs % count);
    const Index whole = inputs - left;
    Index o = 0;
    const auto rows = [&](auto height) {
        constexpr int n = decltype(height)::value;
        Lanes<T> total[n];
        for (int r = 0; r < n; ++r) total[r] = Lanes<T>(0.0);
        for (Index i = 0; i < whole; i += count) {
            const Lanes<T> x = load(h + i);
#pragma GCC unroll 4
            for (int r = 0; r < n; ++r) total[r] = fused(load(w + (o + r) * inputs + i), x, total[r]);
        }
        if (left) {
            const Lanes<T> x = load_first(h + whole, left);
#pragma GCC unroll 4
            for (int r = 0; r < n; ++r) total[r] = fused(load_first(w + (o + r) * inputs + whole, left), x, total[r]);
        }
        for (int r = 0; r < n; ++r) z[o + r] = sum(total[r]) + (bias ? bias[o + r] : T(0));
        o += n;
    };
    while (o + 4 <= outputs) rows(std::integral_constant<int, 4>{});
    while (o < outputs) rows(std::integral_constant<int, 1>{});
}

// Δh = Wᵀ δ: rows of W by their δ.
template <typename T> inline void row_backward(const T* w, const T* delta, Index inputs, Index outputs, T* dh) {
    constexpr Index count = LANES<T>;
    for (Index i = 0; i < inputs; i += count) {
        const int n = static_cast<int>(std::min<Index>(count, inputs - i));
        Lanes<T> even(0.0), odd(0.0);
        const auto times = [&](Index o, Lanes<T> total) {
            const Lanes<T> d = Lanes<T>::all(delta[o]);
            return fused(n == count ? load(w + o * inputs + i) : load_first(w + o * inputs + i, n), d, total);
        };
        Index o = 0;
        for (; o + 2 <= outputs; o += 2) even = times(o, even), odd = times(o + 1, odd);
        if (o < outputs) even = times(o, even);
        store(dh + i, even + odd);
    }
}

// The values of one sample and their δ, kept from step to step.
template <typename T> class SingleRow {
public:
    explicit SingleRow(const Plan& plan) : plan_(plan), last_(static_cast<int>(plan.operations.size())) {
        for (const Operation& o : plan.operations) {
            values_.emplace_back(rounded_up(o.units_out, LANES<T>));
            deltas_.emplace_back(rounded_up(o.units_out, LANES<T>));
        }
        for (Memory<T>* panel : {&z_, &y_, &f_, &delta_}) *panel = Memory<T>(plan.n_outputs * LANES<T>);
        loss_ = Memory<T>(LANES<T>);
    }

    // Values after each operation; the last is returned.
    const T* forward(const T* theta, const T* x) {
        x_ = x;
        for (int i = 0; i < last_; ++i) {
            const Operation& o = operation(i);
            if (o.kind == Kind::affine) {
                row_forward(view(theta, o.weight), o.bias < 0 ? nullptr : view(theta, o.bias), value(i), o.units_in,
                            o.units_out, after(i));
            } else {
                activate(o.activation, o.options.data(), value(i), after(i), rounded_up(o.units_out, LANES<T>));
            }
        }
        return value(last_);
    }

    // Outputs f = o(z) into `to`.
    void predict(const T* theta, const T* x, T* to) {
        spread(forward(theta, x), z_.get());
        apply_output(plan_.head, LANES<T>, z_.get(), f_.get());
        for (Index k = 0; k < plan_.n_outputs; ++k) to[k] = f_[k * LANES<T>];
    }

    // δ after every affine operation, times `factor`; returns the sample's loss.
    double backward(const T* theta, const Rows<T>& data, Index row, T factor) {
        const Index outputs = plan_.n_outputs;
        spread(value(last_), z_.get());
        if (data.labels) {
            for (Index k = 0; k < outputs; ++k) y_[k * LANES<T>] = k == data.labels[row] ? data.on : data.off;
        } else {
            spread(data.y + row * outputs, y_.get());
        }
        loss_and_delta(plan_.head, static_cast<int>(outputs), LANES<T>, z_.get(), y_.get(), f_.get(), delta_.get(),
                       loss_.get());
        for (Index k = 0; k < outputs; ++k) delta(last_)[k] = delta_[k * LANES<T>] * factor;
        for (int i = last_ - 1; i > 0; --i) {
            const Operation& o = operation(i);
            if (o.kind == Kind::affine) {
                row_backward(view(theta, o.weight), delta(i + 1), o.units_in, o.units_out, delta(i));
            } else {
                const Index n = rounded_up(o.units_out, LANES<T>);
                std::copy_n(delta(i + 1), n, delta(i));
                multiply_by_slope(o.activation, o.options.data(), keeps_h(o.activation) ? value(i + 1) : value(i), delta(i), n);
            }
        }
        return static_cast<double>(loss_[0]);
    }

    // Whether no entry of ∇W = δ hᵀ overflows or is NaN.
    bool finite() const {
        for (int i = 0; i < last_; ++i) {
            const Operation& o = operation(i);
            if (o.kind != Kind::affine) continue;
            const double most = largest_magnitude(delta(i + 1), o.units_out);
            const double product = most * std::max(1.0, largest_magnitude(value(i), o.units_in));
            if (!(product <= static_cast<double>(std::numeric_limits<T>::max()))) return false;
        }
        return true;
    }

    // Every layer's W and b; returns λΩ(θ) from before.
    double update(Parameters<T>& parameters, const Update& update) const {
        const RuleLoops<T>& rule = parameters.rule;
        T* const theta = parameters.theta.get();
        T* const* const slots = parameters.slot_pointers.data();
        double penalty = 0;
        for (int i = 0; i < last_; ++i) {
            const Operation& o = operation(i);
            if (o.kind != Kind::affine) continue;
            const View& w = plan_.views[static_cast<std::size_t>(o.weight)];
            const Outer<T> outer{delta(i + 1), value(i)};
            const Slice of_w = settings(plan_, w);
            penalty += rule.outer[of_w.loop()](theta, slots, w.start, outer, o.units_out, o.units_in, o.units_in, of_w, update);
            if (o.bias < 0) continue;
            const View& b = plan_.views[static_cast<std::size_t>(o.bias)];
            const T* part = delta(i + 1);
            const Slice of_b = settings(plan_, b);
            penalty += rule.parts[of_b.loop()](theta, slots, b.start, {&part, 1}, 1, b.size(), 0, of_b, update);
        }
        return penalty;
    }

private:
    const Operation& operation(int i) const { return plan_.operations[static_cast<std::size_t>(i)]; }
    const T* view(const T* theta, int v) const { return theta + plan_.views[static_cast<std::size_t>(v)].start; }
    const T* value(int i) const { return i == 0 ? x_ : values_[static_cast<std::size_t>(i - 1)].get(); }
    T* after(int i) { return values_[static_cast<std::size_t>(i)].get(); }
    T* delta(int i) const { return deltas_[static_cast<std::size_t>(i - 1)].get(); }
    // Numbers of the sample as a panel's first lane.
    void spread(const T* from, T* panel) const {
        for (Index k = 0; k < plan_.n_outputs; ++k) panel[k * LANES<T>] = from[k];
    }

    const Plan& plan_;
    int last_;
    const T* x_ = nullptr;
    std::vector<Memory<T>> values_, deltas_;
    Memory<T> z_, y_, f_, delta_, loss_;
};

}  // namespace multilayer
