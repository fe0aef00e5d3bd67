// The head of a network: an output o joined with a loss L, f = o(z) and δ = ∂L/∂z, as network/head.py has it.
//
// Panels are [unit][lane]; `loss` has one number a lane, summed over the units. Outputs and their own losses are taken of
// each group of neighbouring units by itself; mostly there is one group, of all units.
#pragma once

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "losses.hpp"
#include "outputs.hpp"

namespace multilayer {

// Places in the tables of outputs and of losses; `own` says which of the two tables of losses.
struct Head {
    int output = -1, loss = -1;
    bool own = false;
    std::vector<int> groups;
    std::array<double, tables::MOST_OPTIONS> output_options{}, loss_options{};
};

inline std::array<double, tables::MOST_OPTIONS> checked_head_options(std::string_view owner, std::size_t expected,
                                                                     const std::vector<double>& options) {
    if (options.size() != expected) {
        throw std::invalid_argument("head: " + std::string(owner) + " has " + std::to_string(expected) +
                                    " options, came " + std::to_string(options.size()));
    }
    std::array<double, tables::MOST_OPTIONS> kept{};
    std::copy(options.begin(), options.end(), kept.begin());
    return kept;
}

// Units of each group; none given: one group of all units.
inline std::vector<int> checked_groups(const std::vector<int>& groups, int units) {
    if (groups.empty()) return {units};
    long left = units;
    for (const int size : groups) left = size >= 1 && size <= left ? left - size : -1;
    if (left != 0) throw std::invalid_argument("head: groups must add up to " + std::to_string(units) + " units");
    return groups;
}

// Options in the order of the formulas' signatures; hinge and perceptron of scores have forms for one unit and several.
inline Head find_head(std::string_view output, const std::vector<double>& output_options, std::string_view loss,
                      bool own, const std::vector<double>& loss_options, int units, const std::vector<int>& groups = {}) {
    Head head;
    head.own = own;
    head.groups = checked_groups(groups, units);
    head.output = find_entry(Outputs::facts, [&](const OutputFacts& entry) { return entry.name == output; });
    if (head.output < 0) throw std::invalid_argument("output: unknown output '" + std::string(output) + "'");
    const OutputFacts& facts = Outputs::facts[static_cast<std::size_t>(head.output)];
    head.output_options = checked_head_options(output, facts.n_options, output_options);
    std::size_t n_options = 0;
    if (own) {
        head.loss = find_entry(OwnLosses::facts, [&](const OwnLossFacts& entry) {
            return entry.output == output && entry.name == loss && (units > 1 ? entry.several_units : entry.one_unit);
        });
    } else if (facts.has_vjp) {
        head.loss = find_entry(Losses::facts, [&](const LossFacts& entry) { return entry.name == loss; });
        if (head.loss >= 0) n_options = Losses::facts[static_cast<std::size_t>(head.loss)].n_options;
    }
    if (head.loss < 0) {
        throw std::invalid_argument("loss: '" + std::string(loss) + "' does not go with output '" +
                                    std::string(output) + "' of " + std::to_string(units) + " units");
    }
    head.loss_options = checked_head_options(loss, n_options, loss_options);
    return head;
}

// Calls `act` with where each group's first unit is in a panel, and its number of units.
template <typename Act> void for_groups(const Head& head, int width, const Act& act) {
    std::ptrdiff_t at = 0;
    for (const int size : head.groups) {
        act(at, size);
        at += std::ptrdiff_t{size} * width;
    }
}

// Adds up the losses of groups, which `of_group` writes where it is told; `part` has room for those of one.
template <typename T, typename OfGroup>
void sum_groups(const Head& head, int width, T* part, T* loss, const OfGroup& of_group) {
    for_groups(head, width, [&](std::ptrdiff_t at, int size) {
        of_group(at, size, at == 0 ? loss : part);
        if (at == 0) return;
        for_columns<T>(width, [&](int lane) { store(loss + lane, load(loss + lane) + load(part + lane)); });
    });
}

// f = o(z); f may be z.
template <typename T> void apply_output(const Head& head, int width, const T* z, T* f) {
    for_groups(head, width, [&](std::ptrdiff_t at, int size) {
        Outputs::function<T>[static_cast<std::size_t>(head.output)](head.output_options.data(), size, width, z + at, f + at);
    });
}

// loss = L; `f` is scratch. Nothing overlaps.
template <typename T>
void loss_alone(const Head& head, int units, int width, const T* z, const T* y, T* f, T* loss) {
    const auto place = static_cast<std::size_t>(head.loss);
    if (head.own) {
        sum_groups(head, width, f, loss, [&](std::ptrdiff_t at, int size, T* to) {
            OwnLosses::value<T>[place](size, width, z + at, y + at, to);
        });
    } else {
        apply_output(head, width, z, f);
        Losses::value<T>[place](head.loss_options.data(), units, width, f, y, loss);
    }
}

// δ = ∂L/∂z and loss = L; `f` as in `loss_alone`.
template <typename T>
void loss_and_delta(const Head& head, int units, int width, const T* z, const T* y, T* f, T* delta, T* loss) {
    const auto place = static_cast<std::size_t>(head.loss);
    if (head.own) {
        sum_groups(head, width, f, loss, [&](std::ptrdiff_t at, int size, T* to) {
            OwnLosses::value_and_delta<T>[place](size, width, z + at, y + at, delta + at, to);
        });
    } else {
        apply_output(head, width, z, f);
        Losses::value_and_slope<T>[place](head.loss_options.data(), units, width, f, y, delta, loss);
        for_groups(head, width, [&](std::ptrdiff_t at, int size) {
            Outputs::vjp<T>[static_cast<std::size_t>(head.output)](head.output_options.data(), size, width, z + at,
                                                                   f + at, delta + at);
        });
    }
}

}  // namespace multilayer
