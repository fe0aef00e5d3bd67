// Losses of a panel's rows, summed over the units: those on outputs f, and an output's own on pre-activations z.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>

#include "outputs.hpp"
#include "rowwise.hpp"

namespace multilayer {

// A loss on outputs: L(f, y), and v = ∂L/∂f beside it.
template <typename Loss> struct LossByUnit {
    static constexpr std::string_view name = Loss::name;
    static constexpr std::size_t n_options = Loss::options.size();

    template <typename T>
    static void value(const double* options, int units, int width, const T* f, const T* y, T* loss) {
        run(options, units, width, f, y, loss, [](int, Lanes<T>, Lanes<T>, const double*) {});
    }
    template <typename T>
    static void value_and_slope(const double* options, int units, int width, const T* f, const T* y, T* v, T* loss) {
        run(options, units, width, f, y, loss, [&](int i, Lanes<T> f_i, Lanes<T> y_i, const double* option) {
            store(v + i, Loss::slope(f_i, y_i, option));
        });
    }

private:
    template <typename T, typename Also>
    static void run(const double* options, int units, int width, const T* f, const T* y, T* loss, const Also& also) {
        const auto option = copied_options<Loss>(options);
        for_columns<T>(width, [&](int lane) {
            Lanes<T> total(0.0);
            for (int i = lane; i < units * width; i += width) {
                const Lanes<T> f_i = load(f + i), y_i = load(y + i);
                total = total + Loss::value(f_i, y_i, option.data());
                also(i, f_i, y_i, option.data());
            }
            store(loss + lane, total);
        });
    }
};

// Own losses give L of one register of rows, the second form δ = ∂L/∂z beside it.
template <typename T> using Column = rowwise::Column<T>;
inline constexpr auto show_nothing = [](int, auto) {};

template <typename Own> struct OwnLossByUnit {
    static constexpr std::string_view output = Own::Output::name, name = Own::name;
    static constexpr bool one_unit = Own::one_unit, several_units = Own::several_units;
    static_assert(Own::Output::options.size() == 0);

    template <typename T> static Lanes<T> value(int units, Column<const T> z, Column<const T> y) {
        Lanes<T> total(0.0);
        for (int u = 0; u < units; ++u) total = total + Own::value(z(u), y(u));
        return total;
    }
    template <typename T>
    static Lanes<T> value_and_delta(int units, Column<const T> z, Column<const T> y, Column<T> delta) {
        Lanes<T> total(0.0);
        for (int u = 0; u < units; ++u) {
            const Lanes<T> z_u = z(u), y_u = y(u), f_u = Own::Output::function(z_u, nullptr);
            total = total + Own::value(z_u, y_u);
            delta.set(u, Own::delta(z_u, f_u, y_u));
        }
        return total;
    }
};

struct ExactCrossEntropy {
    static constexpr std::string_view name = "cross_entropy";
    template <typename T, typename Show>
    static auto of(int units, Column<const T> z, Column<const T> y, const Show& show) {
        return rowwise::softmax_cross_entropy(units, z, y, show);
    }
};
struct ClippedCrossEntropy {
    static constexpr std::string_view name = "clipped_cross_entropy";
    template <typename T, typename Show>
    static auto of(int units, Column<const T> z, Column<const T> y, const Show& show) {
        return rowwise::clipped_softmax_cross_entropy(units, z, y, show);
    }
};

template <typename Variant> struct CrossEntropyOfSoftmax {
    static constexpr std::string_view output = "softmax", name = Variant::name;
    static constexpr bool one_unit = false, several_units = true;

    template <typename T> static Lanes<T> value(int units, Column<const T> z, Column<const T> y) {
        return Variant::of(units, z, y, show_nothing).loss;
    }
    // δ = f − y; until their sum is known, δ holds the exponentials.
    template <typename T>
    static Lanes<T> value_and_delta(int units, Column<const T> z, Column<const T> y, Column<T> delta) {
        const auto [loss, sum] = Variant::of(units, z, y, [&](int u, Lanes<T> e) { delta.set(u, e); });
        const Lanes<T> share = Lanes<T>(1.0) / sum;
        for (int u = 0; u < units; ++u) delta.set(u, delta(u) * share - y(u));
        return loss;
    }
};

struct SparsemaxOfSparsemax {
    static constexpr std::string_view output = "sparsemax", name = "sparsemax";
    static constexpr bool one_unit = false, several_units = true;

    template <typename T> static Lanes<T> value(int units, Column<const T> z, Column<const T> y) {
        return rowwise::sparsemax_loss(units, z, y, show_nothing);
    }
    template <typename T>
    static Lanes<T> value_and_delta(int units, Column<const T> z, Column<const T> y, Column<T> delta) {
        return rowwise::sparsemax_loss(units, z, y, [&](int u, Lanes<T> d) { delta.set(u, d); });
    }
};

// δ = e_argmax − y.
struct PerceptronOfScores {
    static constexpr std::string_view output = "identity", name = "perceptron";
    static constexpr bool one_unit = false, several_units = true;

    template <typename T> static Lanes<T> value(int units, Column<const T> z, Column<const T> y) {
        return rowwise::perceptron_loss(units, z, y, show_nothing);
    }
    template <typename T>
    static Lanes<T> value_and_delta(int units, Column<const T> z, Column<const T> y, Column<T> delta) {
        rowwise::FirstMaximum<T> is_first;
        return rowwise::perceptron_loss(units, z, y, [&](int u, Lanes<T> s) {
            delta.set(u, rowwise::marked(is_first(s), s) - y(u));
        });
    }
};

// The perceptron's loss of z + 1 − y, with δ = 0 where it is 0.
struct HingeOfScores {
    static constexpr std::string_view output = "identity", name = "hinge";
    static constexpr bool one_unit = false, several_units = true;

    template <typename T> static Lanes<T> value(int units, Column<const T> z, Column<const T> y) {
        return rowwise::perceptron_loss(units, scores(z, y), y, show_nothing);
    }
    template <typename T>
    static Lanes<T> value_and_delta(int units, Column<const T> z, Column<const T> y, Column<T> delta) {
        const Lanes<T> zero(0.0);
        rowwise::FirstMaximum<T> is_first;
        const Lanes<T> loss = rowwise::perceptron_loss(units, scores(z, y), y, [&](int u, Lanes<T> s) {
            delta.set(u, rowwise::marked(is_first(s), s) - y(u));
        });
        for (int u = 0; u < units; ++u) delta.set(u, where(loss == zero, zero, delta(u)));
        return loss;
    }

private:
    template <typename T> static auto scores(Column<const T> z, Column<const T> y) {
        return [=](int u) { return z(u) + (Lanes<T>(1.0) - y(u)); };
    }
};

// Own losses of a whole panel.
template <typename Own, typename T> void own_values(int units, int width, const T* z, const T* y, T* loss) {
    for_columns<T>(width, [&](int lane) {
        store(loss + lane, Own::template value<T>(units, {z + lane, width}, {y + lane, width}));
    });
}
template <typename Own, typename T>
void own_values_and_deltas(int units, int width, const T* z, const T* y, T* delta, T* loss) {
    for_columns<T>(width, [&](int lane) {
        store(loss + lane, Own::template value_and_delta<T>(units, {z + lane, width}, {y + lane, width},
                                                            {delta + lane, width}));
    });
}

template <typename T> using LossLoop = void (*)(const double*, int, int, const T*, const T*, T*);
template <typename T> using SlopeLoop = void (*)(const double*, int, int, const T*, const T*, T*, T*);
template <typename T> using OwnLossLoop = void (*)(int, int, const T*, const T*, T*);
template <typename T> using OwnDeltaLoop = void (*)(int, int, const T*, const T*, T*, T*);

struct LossFacts {
    std::string_view name;
    std::size_t n_options;
};
struct OwnLossFacts {
    std::string_view output, name;
    bool one_unit, several_units;
};

template <typename... Loss> struct LossTable {
    static constexpr std::size_t size = sizeof...(Loss);
    static constexpr std::array<LossFacts, size> facts{LossFacts{Loss::name, Loss::n_options}...};
    template <typename T> static constexpr std::array<LossLoop<T>, size> value{&Loss::template value<T>...};
    template <typename T>
    static constexpr std::array<SlopeLoop<T>, size> value_and_slope{&Loss::template value_and_slope<T>...};
};

template <typename... Own> struct OwnLossTable {
    static constexpr std::size_t size = sizeof...(Own);
    static constexpr std::array<OwnLossFacts, size> facts{
        OwnLossFacts{Own::output, Own::name, Own::one_unit, Own::several_units}...};
    template <typename T> static constexpr std::array<OwnLossLoop<T>, size> value{&own_values<Own, T>...};
    template <typename T>
    static constexpr std::array<OwnDeltaLoop<T>, size> value_and_delta{&own_values_and_deltas<Own, T>...};
};

template <typename... Loss> LossTable<LossByUnit<Loss>...> loss_table(std::tuple<Loss...>*);
template <typename... Own>
OwnLossTable<OwnLossByUnit<Own>..., CrossEntropyOfSoftmax<ExactCrossEntropy>, CrossEntropyOfSoftmax<ClippedCrossEntropy>,
             SparsemaxOfSparsemax, PerceptronOfScores, HingeOfScores>
own_loss_table(std::tuple<Own...>*);

using Losses = decltype(loss_table(static_cast<tables::Losses*>(nullptr)));
using OwnLosses = decltype(own_loss_table(static_cast<tables::OwnLosses*>(nullptr)));

}  // namespace multilayer
