// Every activation and update rule of the tables: vectors against numbers, slopes against differences, NaN and limits.
#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "core/elementwise.hpp"
#include "testing.hpp"

using namespace multilayer;

namespace {

constexpr std::array<double, 4> OPTIONS = {0.3, 0.0, 0.0, 0.0};

template <typename... Entry, typename Use> void for_each(std::tuple<Entry...>*, const Use& use) { (use(Entry{}), ...); }
template <typename Use> void for_each_activation(const Use& use) {
    for_each(static_cast<tables::Activations*>(nullptr), use);
}

template <typename T> std::vector<T> some_numbers(std::size_t n) {
    std::mt19937 generator(0);
    std::normal_distribution<double> normal(0, 3);
    std::vector<T> numbers(n);
    for (T& number : numbers) number = static_cast<T>(normal(generator));
    return numbers;
}

template <typename T> std::vector<T> with_special_numbers() {
    const T infinity = std::numeric_limits<T>::infinity();
    std::vector<T> numbers = {0, T(-0.0), infinity, -infinity, T(1e-30), T(1e30), T(-1e30), 20, -20, 800, -800};
    const std::vector<T> more = some_numbers<T>(1024 - numbers.size());
    numbers.insert(numbers.end(), more.begin(), more.end());
    return numbers;
}

template <typename T> bool same(T a, T b, double tolerance) {
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
    return a == b || std::abs(a - b) <= tolerance * std::max(T{1}, std::abs(b));
}

template <typename T> void vectors_agree_with_numbers() {
    const double last_bits = 8.0 * std::numeric_limits<T>::epsilon();
    const std::vector<T> z = with_special_numbers<T>();
    const auto n = static_cast<std::ptrdiff_t>(z.size());
    for_each_activation([&](auto entry) {
        using Activation = decltype(entry);
        const int activation = find_activation(Activation::name);
        std::vector<T> h(z.size()), in_place = z;
        activate(activation, OPTIONS.data(), z.data(), h.data(), n);
        activate(activation, OPTIONS.data(), in_place.data(), in_place.data(), n);
        for (std::size_t i = 0; i < z.size(); ++i) {
            CHECK(same(h[i], Activation::function(z[i], OPTIONS.data()), last_bits));
            CHECK(same(h[i], in_place[i], 0.0));
        }
        if constexpr (Activation::has_slope) {
            const std::vector<T>& kept = keeps_h(activation) ? h : z;
            std::vector<T> delta(z.size(), T{2});
            multiply_by_slope(activation, OPTIONS.data(), kept.data(), delta.data(), n);
            for (std::size_t i = 0; i < z.size(); ++i) {
                CHECK(same(delta[i], 2 * Activation::slope(kept[i], OPTIONS.data()), last_bits));
            }
        }
    });
}

}  // namespace

TEST(activations_are_found_by_name) {
    for_each_activation([](auto entry) {
        const int activation = find_activation(decltype(entry)::name);
        CHECK(activation >= 0);
        CHECK(has_slope(activation) == decltype(entry)::has_slope);
    });
    CHECK(find_activation("none such") == -1);
    CHECK(keeps_h(find_activation("relu")));
    CHECK(!keeps_h(find_activation("tanh")));
}

TEST(activations_of_vectors_are_those_of_numbers) {
    vectors_agree_with_numbers<float>();
    vectors_agree_with_numbers<double>();
}

TEST(slopes_are_limits_of_differences) {
    const std::vector<double> z = some_numbers<double>(96);  // none at a kink
    const auto n = static_cast<std::ptrdiff_t>(z.size());
    for_each_activation([&](auto entry) {
        using Activation = decltype(entry);
        if constexpr (Activation::has_slope) {
            const int activation = find_activation(Activation::name);
            const double step = 1e-6;
            std::vector<double> left = z, right = z, h = z, slope(z.size(), 1.0);
            for (double& x : left) x -= step;
            for (double& x : right) x += step;
            for (auto* x : {&left, &right, &h}) activate(activation, OPTIONS.data(), x->data(), x->data(), n);
            multiply_by_slope(activation, OPTIONS.data(), (keeps_h(activation) ? h : z).data(), slope.data(), n);
            for (std::size_t i = 0; i < z.size(); ++i) CHECK_NEAR(slope[i], (right[i] - left[i]) / (2 * step), 1e-8);
        }
    });
}

TEST(a_nan_stays_in_its_lane) {
    std::vector<float> z(64, 0.5f);
    z[17] = std::numeric_limits<float>::quiet_NaN();
    for_each_activation([&](auto entry) {
        using Activation = decltype(entry);
        const int activation = find_activation(Activation::name);
        std::vector<float> h(z.size()), delta(z.size(), 1.0f);
        activate(activation, OPTIONS.data(), z.data(), h.data(), 64);
        if constexpr (Activation::has_slope) {
            multiply_by_slope(activation, OPTIONS.data(), (keeps_h(activation) ? h : z).data(), delta.data(), 64);
            CHECK(std::isnan(delta[17]));
        }
        for (std::size_t i = 0; i < z.size(); ++i) CHECK(std::isnan(h[i]) == (i == 17));
    });
}

TEST(update_rules_of_vectors_are_those_of_numbers) {
    for_each(static_cast<tables::Rules*>(nullptr), [](auto entry) {
        using Rule = decltype(entry);
        using V = Lanes<double>;
        const double scalars[] = {0.1, 0.9, 0.99, 1e-8, 0.19, 0.0199};
        static_assert(Rule::scalars <= 6 && Rule::slots <= 2);
        std::mt19937 generator(1);
        std::normal_distribution<double> normal;
        V theta(0.0), g(0.0), slot[2] = {V(0.0), V(0.0)};
        double expected[3][V::count];
        for (int i = 0; i < V::count; ++i) {
            double number = normal(generator), gradient = normal(generator);
            double slots[2] = {std::abs(normal(generator)), std::abs(normal(generator))};
            theta.v[i] = number, g.v[i] = gradient, slot[0].v[i] = slots[0], slot[1].v[i] = slots[1];
            Rule::apply(number, gradient, slots, scalars);
            expected[0][i] = number, expected[1][i] = slots[0], expected[2][i] = slots[1];
        }
        Rule::apply(theta, g, slot, scalars);
        for (int i = 0; i < V::count; ++i) {
            CHECK(theta.v[i] == expected[0][i]);
            CHECK(slot[0].v[i] == expected[1][i]);
            CHECK(slot[1].v[i] == expected[2][i]);
        }
    });
}
