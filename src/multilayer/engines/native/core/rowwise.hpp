// Softmax, sparsemax and the losses that take a row's outputs together.
//
// Rows are lanes, so that a row's sums and maxima run over the units and never across a register. Functions take one
// register of rows; `z(u)` and the like give unit u of each. Formulas and limits are those of formulas/outputs.py and
// formulas/own_losses.py: nothing overflows, equal infinities at the maximum count as equal, a NaN makes its whole row
// NaN, and the first of equal maxima is the prediction.
#pragma once

#include <cstddef>
#include <type_traits>

#include "elementary.hpp"
#include "lanes.hpp"

namespace multilayer::rowwise {

// A register of rows of a panel.
template <typename T> class Column {
public:
    using Vector = Lanes<std::remove_const_t<T>>;

    Column(T* first, int width) : first_(first), width_(width) {}
    Vector operator()(int unit) const { return load(at(unit)); }
    void set(int unit, Vector value) const { store(at(unit), value); }

private:
    T* at(int unit) const { return first_ + std::ptrdiff_t{unit} * width_; }

    T* first_;
    int width_;
};

template <typename Z> auto largest(int units, const Z& z) {
    auto m = z(0);
    for (int u = 1; u < units; ++u) m = elementary::maximum(m, z(u));
    return m;
}

// s = z − m ≤ 0, and 0 where both are infinite.
template <typename T> Lanes<T> below(Lanes<T> z, Lanes<T> m) { return where(z == m, Lanes<T>(0.0), z - m); }

// y·(m − z) from s = z − m, without 0·∞.
template <typename T> Lanes<T> short_of_maximum(Lanes<T> s, Lanes<T> y) {
    const Lanes<T> zero(0.0);
    return y * where(y == zero, zero, -s);
}

// Answers, unit after unit, whether s is the row's first 0.
template <typename T> class FirstMaximum {
public:
    Truth<T> operator()(Lanes<T> s) {
        const Truth<T> top = s == Lanes<T>(0.0), first = top & ~seen_;
        seen_ = seen_ | top;
        return first;
    }

private:
    Truth<T> seen_{};
};

// 1 at the first maximum, else 0; a NaN stays.
template <typename T> Lanes<T> marked(Truth<T> first, Lanes<T> s) {
    const Lanes<T> zero(0.0);
    return where(first, Lanes<T>(1.0), where(s <= zero, zero, s));
}

// The row's maximum m, and Σ_{c≠argmax} e^{z−m}; shows z − m and e^{z−m} of each unit.
template <typename T> struct Exponentials {
    Lanes<T> m, others;
};
template <typename T, typename Show> Exponentials<T> exponentials(int units, Column<const T> z, const Show& show) {
    const Lanes<T> m = largest(units, z);
    Lanes<T> others(0.0);
    FirstMaximum<T> is_first;
    for (int u = 0; u < units; ++u) {
        const Lanes<T> s = below(z(u), m), e = elementary::exp(s);
        others = others + where(is_first(s), Lanes<T>(0.0), e);
        show(u, s, e);
    }
    return {m, others};
}

// Cross-entropies of a softmax show every e^{z−m}, and then give their sum beside L.
template <typename T> struct CrossEntropy {
    Lanes<T> loss, sum;
};

// L = Σ y(m − z) + log1p(Σ_{c≠argmax} e^{z−m}).
template <typename T, typename Show>
CrossEntropy<T> softmax_cross_entropy(int units, Column<const T> z, Column<const T> y, const Show& show) {
    Lanes<T> shortfall(0.0);
    const auto [m, others] = exponentials(units, z, [&](int u, Lanes<T> s, Lanes<T> e) {
        shortfall = shortfall + short_of_maximum(s, y(u));
        show(u, e);
    });
    return {shortfall + elementary::log1p(others), Lanes<T>(1.0) + others};
}

// L = Σ y·min(max(−log f, ε), −log ε).
template <typename T, typename Show>
CrossEntropy<T> clipped_softmax_cross_entropy(int units, Column<const T> z, Column<const T> y, const Show& show) {
    const auto [m, others] = exponentials(units, z, [&](int u, Lanes<T>, Lanes<T> e) { show(u, e); });
    const Lanes<T> tail = elementary::log1p(others), least = elementary::epsilon(m), most = -elementary::log(least);
    Lanes<T> loss(0.0);
    for (int u = 0; u < units; ++u) {
        loss = loss + y(u) * elementary::minimum(elementary::maximum(tail - below(z(u), m), least), most);
    }
    return {loss, Lanes<T>(1.0) + others};
}

// f = e^{z−m} / Σ e^{z−m}; f may be z.
template <typename T> void softmax(int units, Column<const T> z, Column<T> f) {
    const Lanes<T> m = largest(units, z);
    Lanes<T> sum(0.0);
    for (int u = 0; u < units; ++u) {
        const Lanes<T> e = elementary::exp(below(z(u), m));
        sum = sum + e;
        f.set(u, e);
    }
    const Lanes<T> share = Lanes<T>(1.0) / sum;
    for (int u = 0; u < units; ++u) f.set(u, f(u) * share);
}

// v ← f·(v − fᵀv).
template <typename T> void softmax_vjp(int units, Column<const T> f, Column<T> v) {
    Lanes<T> mean(0.0);
    for (int u = 0; u < units; ++u) mean = mean + f(u) * v(u);
    for (int u = 0; u < units; ++u) v.set(u, f(u) * (v(u) - mean));
}

// Sparsemax's threshold τ below the maximum: f = max(s − τ, 0) sums to 1 (Michelot 1986: the mean of those above the
// last τ gives the next one, until no more fall below it).
template <typename T> Lanes<T> threshold(int units, Column<const T> z, Lanes<T> m) {
    const Lanes<T> zero(0.0), one(1.0), lowest(-1.0);
    Lanes<T> tau(-2.0), size(static_cast<double>(units) + 1.0);
    for (Lanes<T> fallen = one; sum(fallen) != T{0};) {
        Lanes<T> above(0.0), left(0.0);
        for (int u = 0; u < units; ++u) {
            const Lanes<T> s = elementary::maximum(below(z(u), m), lowest);
            const Truth<T> in = s > tau;
            above = above + where(in, s, zero);
            left = left + where(in, one, zero);
        }
        // Rounding must not bring back what fell.
        tau = elementary::maximum(tau, (above - one) / left);
        fallen = size - left;
        size = left;
    }
    return tau;
}

// Shows r = z − τ of each unit, τ for the sparsemax.
template <typename T, typename Show> void above_threshold(int units, Column<const T> z, const Show& show) {
    const Lanes<T> m = largest(units, z), tau = threshold(units, z, m);
    for (int u = 0; u < units; ++u) show(u, below(z(u), m) - tau);
}

// f = max(r, 0); f may be z.
template <typename T> void sparsemax(int units, Column<const T> z, Column<T> f) {
    above_threshold(units, z, [&](int u, Lanes<T> r) { f.set(u, elementary::maximum(r, Lanes<T>(0.0))); });
}

// v ← v − mean of v over the support f > 0, and 0 off it.
template <typename T> void sparsemax_vjp(int units, Column<const T> f, Column<T> v) {
    const Lanes<T> zero(0.0), one(1.0);
    Lanes<T> size(0.0), total(0.0);
    for (int u = 0; u < units; ++u) {
        const Truth<T> in = f(u) > zero;
        size = size + where(in, one, f(u));
        total = total + where(in, v(u), zero);
    }
    const Lanes<T> mean = total / size;
    for (int u = 0; u < units; ++u) v.set(u, where(f(u) > zero, v(u) - mean, f(u)));
}

// L = Σ (½d² + y·max(−r, 0)), d = f − y = δ, which is shown.
template <typename T, typename Show>
Lanes<T> sparsemax_loss(int units, Column<const T> z, Column<const T> y, const Show& show) {
    const Lanes<T> zero(0.0), half(0.5);
    Lanes<T> loss(0.0);
    above_threshold(units, z, [&](int u, Lanes<T> r) {
        const Lanes<T> target = y(u), d = elementary::maximum(r, zero) - target;
        const Lanes<T> missing = where(target == zero, zero, elementary::maximum(-r, zero));
        loss = loss + (half * (d * d) + target * missing);
        show(u, d);
    });
    return loss;
}

// L = Σ y(m − z); shows s = z − m of each unit.
template <typename Z, typename T, typename Show>
Lanes<T> perceptron_loss(int units, const Z& z, Column<const T> y, const Show& show) {
    const Lanes<T> m = largest(units, z);
    Lanes<T> loss(0.0);
    for (int u = 0; u < units; ++u) {
        const Lanes<T> s = below(z(u), m);
        loss = loss + short_of_maximum(s, y(u));
        show(u, s);
    }
    return loss;
}

}  // namespace multilayer::rowwise
