// Outputs f = o(z) of a panel [unit][lane], each with its vector–Jacobian product v ← Jᵀv.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>

#include "elementwise.hpp"
#include "rowwise.hpp"

namespace multilayer {

// Calls `act` with the first lane of each register of a panel.
template <typename T, typename Act> void for_columns(int width, const Act& act) {
    for (int lane = 0; lane < width; lane += Lanes<T>::count) act(lane);
}

template <typename Activation> struct OutputOfActivation {
    static constexpr std::string_view name = Activation::name;
    static constexpr std::size_t n_options = Activation::options.size();
    static constexpr bool has_vjp = Activation::has_slope;

    template <typename T> static void function(const double* options, int units, int width, const T* z, T* f) {
        activate_by<Activation>(options, z, f, std::ptrdiff_t{units} * width);
    }
    template <typename T> static void vjp(const double* options, int units, int width, const T* z, const T* f, T* v) {
        multiply_by_slope_of<Activation>(options, Activation::keeps_h ? f : z, v, std::ptrdiff_t{units} * width);
    }
};

template <typename Output> struct OutputByUnit {
    static constexpr std::string_view name = Output::name;
    static constexpr std::size_t n_options = Output::options.size();
    static constexpr bool has_vjp = true;

    template <typename T> static void function(const double* options, int units, int width, const T* z, T* f) {
        activate_by<Output>(options, z, f, std::ptrdiff_t{units} * width);
    }
    template <typename T> static void vjp(const double*, int units, int width, const T* z, const T* f, T* v) {
        for (std::ptrdiff_t i = 0, n = std::ptrdiff_t{units} * width; i < n; i += Lanes<T>::count) {
            store(v + i, Output::vjp(load(z + i), load(f + i), load(v + i)));
        }
    }
};

struct Softmax {
    static constexpr std::string_view name = "softmax";
    static constexpr std::size_t n_options = 0;
    static constexpr bool has_vjp = true;

    template <typename T> static void function(const double*, int units, int width, const T* z, T* f) {
        for_columns<T>(width, [&](int lane) {
            rowwise::softmax<T>(units, {z + lane, width}, {f + lane, width});
        });
    }
    template <typename T> static void vjp(const double*, int units, int width, const T*, const T* f, T* v) {
        for_columns<T>(width, [&](int lane) {
            rowwise::softmax_vjp<T>(units, {f + lane, width}, {v + lane, width});
        });
    }
};

struct Sparsemax {
    static constexpr std::string_view name = "sparsemax";
    static constexpr std::size_t n_options = 0;
    static constexpr bool has_vjp = true;

    template <typename T> static void function(const double*, int units, int width, const T* z, T* f) {
        for_columns<T>(width, [&](int lane) {
            rowwise::sparsemax<T>(units, {z + lane, width}, {f + lane, width});
        });
    }
    template <typename T> static void vjp(const double*, int units, int width, const T*, const T* f, T* v) {
        for_columns<T>(width, [&](int lane) {
            rowwise::sparsemax_vjp<T>(units, {f + lane, width}, {v + lane, width});
        });
    }
};

template <typename T> using OutputLoop = void (*)(const double*, int, int, const T*, T*);
template <typename T> using VjpLoop = void (*)(const double*, int, int, const T*, const T*, T*);

template <typename Output, typename T> constexpr VjpLoop<T> vjp_loop() {
    if constexpr (Output::has_vjp) {
        return &Output::template vjp<T>;
    } else {
        return nullptr;
    }
}

// What is known of an output beside its loops.
struct OutputFacts {
    std::string_view name;
    std::size_t n_options;
    bool has_vjp;
};

template <typename... Output> struct OutputTable {
    static constexpr std::size_t size = sizeof...(Output);
    static constexpr std::array<OutputFacts, size> facts{
        OutputFacts{Output::name, Output::n_options, Output::has_vjp}...};
    template <typename T>
    static constexpr std::array<OutputLoop<T>, size> function{&Output::template function<T>...};
    template <typename T> static constexpr std::array<VjpLoop<T>, size> vjp{vjp_loop<Output, T>()...};
};

template <typename... Activation, typename... Output>
OutputTable<OutputOfActivation<Activation>..., OutputByUnit<Output>..., Softmax, Sparsemax> joined_outputs(
    std::tuple<Activation...>*, std::tuple<Output...>*);

using Outputs = decltype(joined_outputs(static_cast<tables::Activations*>(nullptr),
                                        static_cast<tables::Outputs*>(nullptr)));

}  // namespace multilayer
