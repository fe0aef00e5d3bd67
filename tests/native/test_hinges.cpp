// Learned hinges and max pooling: ways back against differences, NaN, ties.
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "core/hinges.hpp"
#include "core/max_pool.hpp"
#include "testing.hpp"

using namespace multilayer;

namespace {

constexpr int HINGES = 3, UNITS = 5, PIECES = 3;

std::vector<double> some_numbers(int n, unsigned seed) {
    std::mt19937 generator(seed);
    std::normal_distribution<double> normal;
    std::vector<double> numbers(static_cast<std::size_t>(n));
    for (double& number : numbers) number = normal(generator);
    return numbers;
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
    double total = 0;
    for (std::size_t i = 0; i < a.size(); ++i) total += a[i] * b[i];
    return total;
}

// ∂value/∂x against central differences, entry by entry.
template <typename Value>
void check_gradient(const std::vector<double>& gradient, std::vector<double> x, const Value& value) {
    const double step = 1e-6;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double at = x[i];
        x[i] = at + step;
        const double right = value(x);
        x[i] = at - step;
        CHECK_NEAR(gradient[i], (right - value(x)) / (2 * step), 1e-7);
        x[i] = at;
    }
}

}  // namespace

TEST(hinges_go_back_as_they_came) {
    for (const int width : {Lanes<double>::count, 2 * Lanes<double>::count}) {
        const auto z = some_numbers(UNITS * width, 0), delta = some_numbers(UNITS * width, 1);
        const auto slope = some_numbers(HINGES * UNITS, 2), knee = some_numbers(HINGES * UNITS, 3);
        std::vector<double> h(z.size());
        const auto value = [&](const auto& slopes, const auto& knees, const auto& at) {
            hinges_forward(HINGES, UNITS, width, slopes.data(), knees.data(), at.data(), h.data());
            return dot(h, delta);
        };
        auto back = delta;
        std::vector<double> slope_gradient(slope.size(), 10.0), knee_gradient(knee.size(), 20.0);
        hinges_backward(HINGES, UNITS, width, slope.data(), knee.data(), z.data(), back.data(), slope_gradient.data(),
                        knee_gradient.data());
        for (double& g : slope_gradient) g -= 10.0;  // gradients are added to
        for (double& g : knee_gradient) g -= 20.0;
        check_gradient(back, z, [&](const auto& at) { return value(slope, knee, at); });
        check_gradient(slope_gradient, slope, [&](const auto& at) { return value(at, knee, z); });
        check_gradient(knee_gradient, knee, [&](const auto& at) { return value(slope, at, z); });
    }
}

TEST(without_hinges_there_is_relu) {
    constexpr int width = Lanes<float>::count;
    std::vector<float> z(width, -2.0f), h(width, 1.0f);
    z[1] = 3.0f;
    hinges_forward<float>(0, 1, width, nullptr, nullptr, z.data(), h.data());
    CHECK(h[0] == 0.0f);
    CHECK(h[1] == 3.0f);
}

TEST(max_pool_goes_back_to_the_winner) {
    for (const int width : {Lanes<double>::count, 2 * Lanes<double>::count}) {
        const auto z = some_numbers(UNITS * PIECES * width, 4), delta = some_numbers(UNITS * width, 5);
        std::vector<double> back(z.size(), 7.0), h(delta.size());
        max_pool_backward(PIECES, UNITS, width, z.data(), delta.data(), back.data());
        check_gradient(back, z, [&](const auto& at) {
            max_pool_forward(PIECES, UNITS, width, at.data(), h.data());
            return dot(h, delta);
        });
    }
}

TEST(max_pool_takes_the_first_of_equals_and_keeps_a_nan) {
    constexpr int width = Lanes<float>::count;
    const float nan = std::numeric_limits<float>::quiet_NaN();
    std::vector<float> z(3 * width, 1.0f), h(width), delta(width, 5.0f), back(3 * width);
    z[width + 1] = nan;
    z[2 * width + 1] = nan;
    max_pool_forward(3, 1, width, z.data(), h.data());
    max_pool_backward(3, 1, width, z.data(), delta.data(), back.data());
    CHECK(h[0] == 1.0f);
    CHECK(std::isnan(h[1]));
    const auto share = [&](int piece, int lane) { return back[static_cast<std::size_t>(piece * width + lane)]; };
    CHECK(share(0, 0) == 5.0f && share(1, 0) == 0.0f && share(2, 0) == 0.0f);
    CHECK(share(0, 1) == 0.0f && share(1, 1) == 5.0f && share(2, 1) == 0.0f);
}
