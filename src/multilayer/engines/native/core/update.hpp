// One update of a slice of θ: the pipeline of network/update.py around a rule's formula, vector by vector.
//
//     clip → penalty gradient → direction and rate (the rule) → decay → proximal step
//
// Gradients come averaged: the division by the batch's weight is a factor on δ.
#pragma once

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "plan.hpp"
#include "tables.hpp"

namespace multilayer {

constexpr int MOST_SLOTS = 2, MOST_SCALARS = 8;
using Scalars = std::array<double, MOST_SCALARS>;

// A gradient that was summed in parts; `begin` is where a slice lies in each.
template <typename T> struct Parts {
    const T* const* parts;
    int n;
    Index begin = 0, step = 0;  // step: from row to row

    static constexpr Index AHEAD = 1024 / sizeof(T);

    // Parts of other threads lie in the caches of other cores, and are asked for some lines ahead.
    Lanes<T> at(Index row, Index i) const {
        const Index place = begin + row * step + i;
        Lanes<T> g = load(parts[0] + place);
        for (int k = 1; k < n; ++k) {
            __builtin_prefetch(parts[k] + place + AHEAD);
            g = g + load(parts[k] + place);
        }
        return g;
    }
    Lanes<T> first_at(Index row, Index i, int lanes) const {
        const Index place = begin + row * step + i;
        Lanes<T> g = load_first(parts[0] + place, lanes);
        for (int k = 1; k < n; ++k) g = g + load_first(parts[k] + place, lanes);
        return g;
    }
};

// One sample's gradient of W: δ hᵀ.
template <typename T> struct Outer {
    const T* delta;
    const T* h;

    Lanes<T> at(Index row, Index i) const { return factor(row) * load(h + i); }
    Lanes<T> first_at(Index row, Index i, int lanes) const { return factor(row) * load_first(h + i, lanes); }
    Lanes<T> factor(Index row) const { return Lanes<T>::all(delta[row]); }
};

// What a slice's update does besides the rule: each has its own loop, since a loop that asks for everything is slower.
enum class Extras { none, l2, any };
constexpr int KINDS_OF_EXTRAS = 3;

// The settings that a slice is updated by; equal ones of neighbouring views are joined.
struct Slice {
    Index begin = 0, end = 0;
    double rate = 1, l1 = 0, l2 = 0, decay = 0;
    Extras extras = Extras::none;

    std::size_t loop() const { return static_cast<std::size_t>(extras); }
};

inline Slice settings(const Plan& plan, const View& v) {
    const bool clipped = plan.clip_value || plan.clip_norm, proximal = plan.proximal && v.l2 != 0;
    const bool any = clipped || proximal || v.rate == 0 || v.l1 != 0 || v.decay != 0;
    const Extras extras = any ? Extras::any : v.l2 != 0 ? Extras::l2 : Extras::none;
    return {v.start, v.start + v.size(), v.rate, v.l1, v.l2, v.decay, extras};
}

inline std::vector<Slice> slices_of(const Plan& plan) {
    std::vector<Slice> slices;
    for (const View& v : plan.views) {
        if (!slices.empty()) {
            Slice& last = slices.back();
            if (last.rate == v.rate && last.l1 == v.l1 && last.l2 == v.l2 && last.decay == v.decay) {
                last.end = v.start + v.size();
                continue;
            }
        }
        slices.push_back(settings(plan, v));
    }
    return slices;
}

// What one update does to every slice.
struct Update {
    Scalars scalars{};          // of the rule, in its order
    double penalty_scale = 1;   // the penalty is divided by it
    double clip_value = 0;      // 0: no clipping by value
    double shrink = 1;          // factor that clipping by norm puts on the gradient
    bool proximal = false;
};

// `rows` rows of n numbers of θ and of the slots, `step_of_rows` apart; source gives their gradient. Returns
// Σ λ₁|θ| + ½λ₂θ² from before.
template <typename T, typename Rule, Extras EXTRAS, typename Source>
double update_slice(T* theta, T* const* slots, Index begin, const Source& source, Index rows, Index n, Index step_of_rows,
                    const Slice& slice, const Update& update) {
    constexpr int count = Lanes<T>::count;
    using V = Lanes<T>;
    // Copied number by number: what depends on them alone then leaves the loop, as no store to θ can change them.
    std::array<double, Rule::scalars> scalar;
#pragma GCC unroll 8
    for (std::size_t k = 0; k < scalar.size(); ++k) scalar[k] = update.scalars[k];
    if constexpr (Rule::rate >= 0) scalar[Rule::rate] *= slice.rate;
    const double rate = Rule::rate >= 0 ? scalar[std::max(Rule::rate, 0)] : 0.0;
    const double l1 = slice.l1, l2 = slice.l2, decay = slice.decay, clip = update.clip_value, shrink = update.shrink;
    const bool proximal = update.proximal, moves = EXTRAS != Extras::any || slice.rate != 0;
    const double scaled_l1 = l1 / update.penalty_scale, scaled_l2 = l2 / update.penalty_scale;
    V omega(0.0);
    const auto step = [&](V& w, V g, V* slot) {
        const V before = w;
        if constexpr (EXTRAS == Extras::l2) {
            omega = omega + penalties::l2(w, l2);
            g = g + penalties::l2_gradient(w, scaled_l2);
        }
        if constexpr (EXTRAS == Extras::any) {
            if (clip > 0) g = clipping::clip_value(g, clip);
            if (shrink != 1) g = g * V(shrink);
            if (l1 != 0) {
                omega = omega + penalties::l1(w, l1);
                if (!proximal) g = g + penalties::l1_gradient(w, scaled_l1);
            }
            if (l2 != 0) {
                omega = omega + penalties::l2(w, l2);
                if (!proximal) g = g + penalties::l2_gradient(w, scaled_l2);
            }
        }
        if (moves) Rule::apply(w, g, slot, scalar.data());
        if constexpr (EXTRAS == Extras::any) {
            if (decay != 0) w = penalties::weight_decay(w, before, rate, decay);
            if (proximal && (l1 != 0 || l2 != 0)) w = penalties::elastic_net_proximal(w, scaled_l1, scaled_l2, rate);
        }
    };
    for (Index row = 0; row < rows; ++row) {
        T* const to = theta + begin + row * step_of_rows;
        T* slot_to[MOST_SLOTS];
        for (int k = 0; k < Rule::slots; ++k) slot_to[k] = slots[k] + begin + row * step_of_rows;
        Index i = 0;
        for (; i + count <= n; i += count) {
            V w = load(to + i), slot[MOST_SLOTS];
            for (int k = 0; k < Rule::slots; ++k) slot[k] = load(slot_to[k] + i);
            step(w, source.at(row, i), slot);
            store(to + i, w);
            for (int k = 0; k < Rule::slots; ++k) store(slot_to[k] + i, slot[k]);
        }
        if (const int left = static_cast<int>(n - i)) {
            V w = load_first(to + i, left), slot[MOST_SLOTS];
            for (int k = 0; k < Rule::slots; ++k) slot[k] = load_first(slot_to[k] + i, left);
            step(w, source.first_at(row, i, left), slot);
            store_first(to + i, w, left);
            for (int k = 0; k < Rule::slots; ++k) store_first(slot_to[k] + i, slot[k], left);
        }
    }
    return static_cast<double>(sum(omega));
}

// A rule's loops, by its name.
template <typename T> struct RuleLoops {
    template <typename Source>
    using Loop = double (*)(T*, T* const*, Index, const Source&, Index, Index, Index, const Slice&, const Update&);

    std::string_view name;
    int slots = 0, scalars = 0;
    std::array<Loop<Parts<T>>, KINDS_OF_EXTRAS> parts{};  // by the extras
    std::array<Loop<Outer<T>>, KINDS_OF_EXTRAS> outer{};
};

template <typename T, typename Rule, typename Source> constexpr auto loops_over() {
    return std::array{update_slice<T, Rule, Extras::none, Source>, update_slice<T, Rule, Extras::l2, Source>,
                      update_slice<T, Rule, Extras::any, Source>};
}

template <typename T, typename Rule> constexpr RuleLoops<T> loops_of() {
    static_assert(Rule::slots <= MOST_SLOTS && Rule::scalars <= MOST_SCALARS);
    return {Rule::name,
            Rule::slots,
            Rule::scalars,
            loops_over<T, Rule, Parts<T>>(), loops_over<T, Rule, Outer<T>>()};
}

template <typename T, typename... Rule> RuleLoops<T> loops_named(std::string_view name, std::tuple<Rule...>*) {
    const std::array<RuleLoops<T>, sizeof...(Rule)> all = {loops_of<T, Rule>()...};
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& loops) { return loops.name == name; });
    if (found == all.end()) throw std::invalid_argument("rule: unknown to the native engine: " + std::string(name));
    return *found;
}

template <typename T> RuleLoops<T> find_rule(std::string_view name) {
    return loops_named<T>(name, static_cast<tables::Rules*>(nullptr));
}

}  // namespace multilayer
