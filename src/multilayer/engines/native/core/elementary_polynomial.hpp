// What the vector elementary functions share: polynomials, and the parts of a floating-point number.
//
// tools/fit_elementary.py computes all coefficients, and prints how large an error they leave.
#pragma once

#include <limits>
#include <type_traits>

#include "lanes.hpp"

namespace multilayer::elementary {

template <typename T> constexpr int FRACTION_BITS = std::numeric_limits<T>::digits - 1;
template <typename T> constexpr int BIAS = std::numeric_limits<T>::max_exponent - 1;

template <typename T> using Bits = typename Truth<T>::Vector;

// A number's bits as an unsigned whole number: shifted right, it is filled with zeros, for which every level has code.
template <typename T> struct Word {
    typedef std::make_unsigned_t<BitsOf<T>> Vector __attribute__((vector_size(REGISTER_BYTES)));
    Vector v;

    explicit Word(Vector vector) : v(vector) {}
    explicit Word(Lanes<T> a) : v(reinterpret_cast<Vector>(a.v)) {}
    Lanes<T> number() const { return reinterpret_cast<typename Lanes<T>::Vector>(v); }
};

// A whole number added to this one ends in the lowest bits of the sum, rounded: 1.5·2^FRACTION_BITS.
template <typename T> constexpr double ROUNDER = 1.5 * (std::int64_t{1} << FRACTION_BITS<T>);

// c0 + c1 x + c2 x² + … by Horner's rule.
template <typename T> inline Lanes<T> polynomial(Lanes<T>, double c) { return Lanes<T>(c); }
template <typename T, typename... Numbers> inline Lanes<T> polynomial(Lanes<T> x, double c, Numbers... rest) {
    return fused(x, polynomial(x, rest...), Lanes<T>(c));
}

// The smaller or larger of a limit and x; NaN stays NaN, since the instructions give their second operand then.
#if defined(__AVX512F__)
inline Lanes<float> smaller(Lanes<float> limit, Lanes<float> x) { return _mm512_maskz_min_ps(0xFFFF, limit.v, x.v); }
inline Lanes<float> larger(Lanes<float> limit, Lanes<float> x) { return _mm512_maskz_max_ps(0xFFFF, limit.v, x.v); }
inline Lanes<double> smaller(Lanes<double> limit, Lanes<double> x) { return _mm512_maskz_min_pd(0xFF, limit.v, x.v); }
inline Lanes<double> larger(Lanes<double> limit, Lanes<double> x) { return _mm512_maskz_max_pd(0xFF, limit.v, x.v); }
#elif defined(__AVX2__)
inline Lanes<float> smaller(Lanes<float> limit, Lanes<float> x) { return _mm256_min_ps(limit.v, x.v); }
inline Lanes<float> larger(Lanes<float> limit, Lanes<float> x) { return _mm256_max_ps(limit.v, x.v); }
inline Lanes<double> smaller(Lanes<double> limit, Lanes<double> x) { return _mm256_min_pd(limit.v, x.v); }
inline Lanes<double> larger(Lanes<double> limit, Lanes<double> x) { return _mm256_max_pd(limit.v, x.v); }
#elif defined(__SSE2__)
inline Lanes<float> smaller(Lanes<float> limit, Lanes<float> x) { return _mm_min_ps(limit.v, x.v); }
inline Lanes<float> larger(Lanes<float> limit, Lanes<float> x) { return _mm_max_ps(limit.v, x.v); }
inline Lanes<double> smaller(Lanes<double> limit, Lanes<double> x) { return _mm_min_pd(limit.v, x.v); }
inline Lanes<double> larger(Lanes<double> limit, Lanes<double> x) { return _mm_max_pd(limit.v, x.v); }
#else
template <typename T> inline Lanes<T> smaller(Lanes<T> limit, Lanes<T> x) { return where(limit < x, limit, x); }
template <typename T> inline Lanes<T> larger(Lanes<T> limit, Lanes<T> x) { return where(limit > x, limit, x); }
#endif

template <typename T> inline Lanes<T> at_most(Lanes<T> x, double limit) { return smaller(Lanes<T>(limit), x); }
template <typename T> inline Lanes<T> at_least(Lanes<T> x, double limit) { return larger(Lanes<T>(limit), x); }

// a, made negative where x is (−0 included): for a ≥ 0, or a of the sign of x.
template <typename T> inline Lanes<T> with_sign_of(Lanes<T> x, Lanes<T> a) {
    constexpr BitsOf<T> sign = std::numeric_limits<BitsOf<T>>::min();
    return from_bits<T>(bits(a) | (bits(x) & (Bits<T>{} + sign)));
}

}  // namespace multilayer::elementary
