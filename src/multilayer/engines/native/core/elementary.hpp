// Elementary functions for printed formulas: of vectors, by hand, and of single numbers, from the C library.
//
// Errors are given in units in the last place (ulp) of the exact result; tests/native/test_elementary.cpp holds the
// vector functions to them at every level. NaN stays NaN, limits are reached, −0 is kept where the C library keeps it.
// Results that are subnormal are right to within two of their steps, or flushed.
#pragma once

#include <cmath>
#include <limits>

#include "elementary_error.hpp"
#include "elementary_exponential.hpp"
#include "elementary_logarithm.hpp"
#include "elementary_trigonometric.hpp"

namespace multilayer::elementary {

using multilayer::where;
using std::abs, std::cos, std::erfc, std::exp, std::expm1, std::log, std::log1p, std::pow, std::sin, std::sqrt;
using std::tanh;

template <typename T> inline Lanes<T> abs(Lanes<T> a) { return magnitude(a); }
template <typename T> inline Lanes<T> sqrt(Lanes<T> a) { return square_root(a); }

// Single numbers have these, too.
template <typename T> inline T where(bool condition, T a, T b) { return condition ? a : b; }

// The machine epsilon of the argument's type.
inline float epsilon(float) { return std::numeric_limits<float>::epsilon(); }
inline double epsilon(double) { return std::numeric_limits<double>::epsilon(); }
template <typename T> inline Lanes<T> epsilon(Lanes<T>) { return Lanes<T>::all(std::numeric_limits<T>::epsilon()); }

// NaN if one of the two is NaN, unlike std::fmax and std::fmin. For a constant b, b != b costs nothing.
template <typename T> inline T maximum(T a, T b) { return where((a <= b) | (b != b), b, a); }
template <typename T> inline T minimum(T a, T b) { return where((a >= b) | (b != b), b, a); }

}  // namespace multilayer::elementary
