// Activations over buffers: h = g(z), and δ ← δ·g′.
//
// Buffers are aligned and their lengths are multiples of Lanes<T>::count, as panels' are.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>

#include "lanes.hpp"
#include "tables.hpp"

namespace multilayer {

// A loop's own copy of an entry's options: no buffer overlaps it, so what depends on it alone is computed once.
template <typename Entry> auto copied_options(const double* options) {
    std::array<double, Entry::options.size()> own{};
    std::copy_n(options, own.size(), own.begin());
    return own;
}

template <typename Activation, typename T>
void activate_by(const double* options, const T* z, T* h, std::ptrdiff_t n) {
    const auto option = copied_options<Activation>(options);
    for (std::ptrdiff_t i = 0; i < n; i += Lanes<T>::count) {
        store(h + i, Activation::function(load(z + i), option.data()));
    }
}

template <typename Activation, typename T>
void multiply_by_slope_of(const double* options, const T* kept, T* delta, std::ptrdiff_t n) {
    const auto option = copied_options<Activation>(options);
    for (std::ptrdiff_t i = 0; i < n; i += Lanes<T>::count) {
        store(delta + i, load(delta + i) * Activation::slope(load(kept + i), option.data()));
    }
}

template <typename T> using ActivationLoop = void (*)(const double*, const T*, T*, std::ptrdiff_t);

template <typename Activation, typename T> constexpr ActivationLoop<T> slope_loop() {
    if constexpr (Activation::has_slope) {
        return &multiply_by_slope_of<Activation, T>;
    } else {
        return nullptr;
    }
}

// What is known of an activation beside its loops.
struct ActivationFacts {
    std::string_view name;
    std::size_t n_options;
    bool has_slope, keeps_h;
};

template <typename List> struct ActivationTable;
template <typename... Activation> struct ActivationTable<std::tuple<Activation...>> {
    static constexpr std::size_t size = sizeof...(Activation);
    static constexpr std::array<ActivationFacts, size> facts{
        ActivationFacts{Activation::name, Activation::options.size(), Activation::has_slope, Activation::keeps_h}...};
    template <typename T>
    static constexpr std::array<ActivationLoop<T>, size> activate{&activate_by<Activation, T>...};
    template <typename T>
    static constexpr std::array<ActivationLoop<T>, size> multiply_by_slope{slope_loop<Activation, T>()...};
};

using Activations = ActivationTable<tables::Activations>;

// Place of the first entry that fits, or −1.
template <typename Table, typename Fits> int find_entry(const Table& table, const Fits& fits) {
    const auto found = std::find_if(table.begin(), table.end(), fits);
    return found == table.end() ? -1 : static_cast<int>(found - table.begin());
}

inline int find_activation(std::string_view name) {
    return find_entry(Activations::facts, [&](const ActivationFacts& entry) { return entry.name == name; });
}
inline const ActivationFacts& facts_of(int activation) {
    return Activations::facts[static_cast<std::size_t>(activation)];
}

// Whether the slope is computed from h; else from z.
inline bool keeps_h(int activation) { return facts_of(activation).keeps_h; }

// Whether there is a slope; thresholds have none.
inline bool has_slope(int activation) { return facts_of(activation).has_slope; }

// h = g(z); h may be z.
template <typename T> void activate(int activation, const double* options, const T* z, T* h, std::ptrdiff_t n) {
    Activations::activate<T>[static_cast<std::size_t>(activation)](options, z, h, n);
}

// δ ← δ·g′; `kept` is h or z.
template <typename T>
void multiply_by_slope(int activation, const double* options, const T* kept, T* delta, std::ptrdiff_t n) {
    Activations::multiply_by_slope<T>[static_cast<std::size_t>(activation)](options, kept, delta, n);
}

}  // namespace multilayer
