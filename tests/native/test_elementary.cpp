// Vector elementary functions against the C library's of a wider type: over all kinds of numbers, and at the limits.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "core/elementary.hpp"
#include "testing.hpp"

using namespace multilayer;

namespace {

template <typename T> using Wide = std::conditional_t<sizeof(T) == 4, double, long double>;
template <typename T> using Limits = std::numeric_limits<T>;

// Where long double is double, the judge itself may be wrong by half a unit or so.
template <typename T> constexpr double SLACK = Limits<Wide<T>>::digits > Limits<T>::digits + 8 ? 0.0 : 1.0;

template <typename T> struct Function {
    const char* name;
    Lanes<T> (*vector)(Lanes<T>);
    Wide<T> (*exact)(Wide<T>);
    double bound;              // units in the last place
    double low, high;          // where it is neither constant nor overflows
    double smallest, largest;  // its values never lie outside
};

#define FUNCTION(name, ...)                                                                                 \
    Function<T> {                                                                                           \
        #name, [](Lanes<T> x) { return elementary::name(x); }, [](Wide<T> x) -> Wide<T> { return std::name(x); }, \
            __VA_ARGS__                                                                                     \
    }

template <typename T> std::vector<Function<T>> functions() {
    constexpr double infinity = Limits<double>::infinity(), overflow = sizeof(T) == 4 ? 89 : 710;
    constexpr double farthest = elementary::FARTHEST<T>;
    return {
        FUNCTION(exp, 1.3, -1.2 * overflow, overflow, 0, infinity),
        FUNCTION(expm1, 1.3, -overflow / 2, overflow, -1, infinity),
        FUNCTION(expm1, 1.3, -1, 1, -1, infinity),
        FUNCTION(log, 1.0, 0, 4, -infinity, infinity),
        FUNCTION(log1p, 1.1, -1, 3, -infinity, infinity),
        FUNCTION(tanh, 1.5, -12, 12, -1, 1),
        FUNCTION(tanh, 1.5, -1.5, 1.5, -1, 1),
        FUNCTION(sin, 1.6, -20, 20, -1, 1),
        FUNCTION(sin, 1.6, -1.1 * farthest, 1.1 * farthest, -1, 1),
        FUNCTION(cos, 1.6, -20, 20, -1, 1),
        FUNCTION(cos, 1.6, -1.1 * farthest, 1.1 * farthest, -1, 1),
        FUNCTION(erfc, 3.7, -6, sizeof(T) == 4 ? 10.5 : 28, 0, 2),
        FUNCTION(erfc, 3.7, -1, 1.5, 0, 2),
    };
}

// Numbers of all sizes and signs, NaN and infinities among them, in turn with numbers from low to high.
template <typename T> std::vector<T> sweep(double low, double high, int n) {
    std::vector<T> numbers(static_cast<std::size_t>(n));
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        word += 0x9E3779B97F4A7C15;  // 2^64 by the golden ratio: evenly spread
        if (i % 2 == 0) {
            const auto upper = static_cast<BitsOf<T>>(word >> (64 - 8 * sizeof(T)));
            std::memcpy(&numbers[i], &upper, sizeof upper);
        } else {
            numbers[i] = static_cast<T>(low + (high - low) * (static_cast<double>(word >> 11) * 0x1p-53));
        }
    }
    return numbers;
}

template <typename T> std::vector<T> values(Lanes<T> (*function)(Lanes<T>), const std::vector<T>& x) {
    std::vector<T> y(x.size());
    for (std::size_t i = 0; i < x.size(); i += Lanes<T>::count) store(&y[i], function(load(&x[i])));
    return y;
}

// |y − exact| in units in the exact number's last place; infinite where only one of them is NaN or infinite.
template <typename T> double error(T y, Wide<T> exact) {
    if (std::isnan(exact) || std::isnan(y)) return std::isnan(exact) && std::isnan(y) ? 0 : Limits<double>::infinity();
    if (std::isinf(y)) {
        const bool overflows = std::abs(exact) > Limits<T>::max() * (1 - Wide<T>(2) * Limits<T>::epsilon());
        return overflows && std::signbit(y) == std::signbit(exact) ? 0 : Limits<double>::infinity();
    }
    if (y == exact && std::signbit(y) == std::signbit(exact)) return 0;
    if (std::signbit(y) != std::signbit(exact)) return Limits<double>::infinity();
    const int exponent = std::max(std::ilogb(exact), Limits<T>::min_exponent - 1);
    return static_cast<double>(std::abs(y - exact) / std::scalbn(Wide<T>(1), exponent - Limits<T>::digits + 1));
}

template <typename T> double worst_error(const Function<T>& function, int n) {
    const std::vector<T> x = sweep<T>(function.low, function.high, n), y = values(function.vector, x);
    double worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double now = error(y[i], function.exact(x[i]));
        if (now > worst && now > function.bound + SLACK<T>) {
            std::printf("%s(%.17g) = %.17g: %.3g units\n", function.name, double(x[i]), double(y[i]), now);
        }
        worst = std::max(worst, now);
        CHECK(std::isnan(y[i]) || (y[i] >= T(function.smallest) && y[i] <= T(function.largest)));
    }
    return worst;
}

template <typename T> Lanes<T> everywhere(T x) { return load(std::vector<T>(Lanes<T>::count, x).data()); }

template <typename T> void limits_are_kept() {
    const T infinity = Limits<T>::infinity(), nan = Limits<T>::quiet_NaN(), zero = 0;
    const auto functions_here = functions<T>();
    for (const Function<T>& function : functions_here) {
        for (const T x : {zero, -zero, infinity, -infinity, nan, T(1), T(-1), Limits<T>::max(), Limits<T>::lowest(),
                          Limits<T>::min(), -Limits<T>::min(), Limits<T>::denorm_min(), -Limits<T>::denorm_min()}) {
            CHECK_NEAR(error(function.vector(everywhere(x)).v[0], function.exact(x)), 0, function.bound + SLACK<T>);
        }
        CHECK(error(function.vector(everywhere(zero)).v[0], function.exact(zero)) == 0);
    }
}

// The numbers nearest to multiples of π/2, where a reduction that is not exact would show.
template <typename T> std::vector<T> near_quarter_turns(int n) {
    const double most = elementary::FARTHEST<T> * 2 / 3.141592653589793;
    std::vector<T> numbers(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const auto whole = std::floor(most * static_cast<double>(i) / n);
        numbers[i] = static_cast<T>(static_cast<Wide<T>>(whole) * Wide<T>(1.5707963267948966192L));
    }
    return numbers;
}

template <typename T> void zeros_are_where_they_should_be() {
    const std::vector<T> x = near_quarter_turns<T>(1 << 16);
    const auto functions_here = functions<T>();
    for (const Function<T>& function : functions_here) {
        if (function.name != std::string("sin") && function.name != std::string("cos")) continue;
        const std::vector<T> y = values(function.vector, x);
        for (std::size_t i = 0; i < x.size(); ++i) {
            CHECK_NEAR(error(y[i], function.exact(x[i])), 0, function.bound + SLACK<T>);
        }
    }
}

template <typename T> bool same(T a, T b) {
    return std::isnan(a) ? std::isnan(b) : a == b && std::signbit(a) == std::signbit(b);
}

template <typename T> void vectors_choose_as_numbers_do() {
    const T infinity = Limits<T>::infinity(), nan = Limits<T>::quiet_NaN();
    const std::vector<T> some = {0, -T(0), 1, -1, 2.5, Limits<T>::denorm_min(), infinity, -infinity, nan};
    for (const T a : some) {
        const Lanes<T> x = everywhere(a);
        CHECK(same(elementary::abs(x).v[0], std::abs(a)));
        CHECK(same(elementary::sqrt(x).v[0], std::sqrt(a)));
        for (const T b : some) {
            const Lanes<T> y = everywhere(b);
            CHECK(same(elementary::maximum(x, y).v[0], elementary::maximum(a, b)));
            CHECK(same(elementary::minimum(x, y).v[0], elementary::minimum(a, b)));
            CHECK(same(elementary::where(x < y, x, y).v[0], elementary::where(a < b, a, b)));
            CHECK(std::isnan(elementary::maximum(a, b)) == (std::isnan(a) || std::isnan(b)));
            CHECK(std::isnan(elementary::minimum(a, b)) == (std::isnan(a) || std::isnan(b)));
        }
    }
}

#if defined(__SSE2__)
// As during a run: subnormal numbers count as 0.
template <typename T> void flushed_results_are_near() {
    const auto functions_here = functions<T>();
    for (const Function<T>& function : functions_here) {
        const std::vector<T> x = sweep<T>(function.low, function.high, 1 << 14);
        const unsigned mode = _mm_getcsr();
        _mm_setcsr(mode | 0x8040);
        const std::vector<T> y = values(function.vector, x);
        _mm_setcsr(mode);
        for (std::size_t i = 0; i < x.size(); ++i) {
            const Wide<T> exact = function.exact(x[i]);
            if (std::abs(x[i]) < Limits<T>::min()) continue;
            if (std::abs(exact) < 2 * Limits<T>::min()) {
                CHECK(std::abs(y[i] - exact) < 2 * Limits<T>::min());
            } else {
                CHECK_NEAR(error(y[i], exact), 0, function.bound + SLACK<T>);
            }
        }
    }
}

TEST(elementary_functions_bear_flushed_subnormals) {
    flushed_results_are_near<float>();
    flushed_results_are_near<double>();
}
#endif

}  // namespace

TEST(elementary_functions_are_within_their_bounds) {
    for (const auto& function : functions<float>()) {
        CHECK_NEAR(worst_error(function, 1 << 20), 0, function.bound + SLACK<float>);
    }
    for (const auto& function : functions<double>()) {
        CHECK_NEAR(worst_error(function, 1 << 17), 0, function.bound + SLACK<double>);
    }
}

TEST(sines_and_cosines_near_their_zeros_are_within_their_bounds) {
    zeros_are_where_they_should_be<float>();
    zeros_are_where_they_should_be<double>();
}

TEST(elementary_functions_keep_limits_and_nan) {
    limits_are_kept<float>();
    limits_are_kept<double>();
}

TEST(maximum_minimum_and_where_of_vectors_are_those_of_numbers) {
    vectors_choose_as_numbers_do<float>();
    vectors_choose_as_numbers_do<double>();
}
