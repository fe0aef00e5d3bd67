// log and log1p of vectors.
//
// x = 2^k (1 + f) with −¼ ≤ f < ½, ln x = k ln 2 + ln(1 + f). In float, ln(1 + f) is a polynomial; in double, one in
// s = f / (2 + f), since ln(1 + f) = ln((1 + s) / (1 − s)) is nearly 2s (as in FreeBSD's msun, e_log.c).
#pragma once

#include "elementary_exponential.hpp"

namespace multilayer::elementary {

template <typename T> struct Scaled {
    Lanes<T> k, m, inverse;  // x = 2^k m, 3/4 ≤ m < 3/2; inverse: 2^−k, for x neither huge nor tiny
};

#if defined(__AVX512F__)
// Zeros, infinities and negative numbers have the k and m that lead to their logarithms.
inline Scaled<float> scaled(Lanes<float> x) {
    constexpr __mmask16 all = 0xFFFF;
    const Lanes<float> m(_mm512_maskz_getmant_ps(all, x.v, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan));
    const Lanes<float> k(_mm512_maskz_getexp_ps(all, x.v) - _mm512_maskz_getexp_ps(all, m.v));
    return {k, m, Lanes<float>(_mm512_maskz_scalef_ps(all, Lanes<float>(1).v, -k.v))};
}
inline Scaled<double> scaled(Lanes<double> x) {
    constexpr __mmask8 all = 0xFF;
    const Lanes<double> m(_mm512_maskz_getmant_pd(all, x.v, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan));
    const Lanes<double> k(_mm512_maskz_getexp_pd(all, x.v) - _mm512_maskz_getexp_pd(all, m.v));
    return {k, m, Lanes<double>(_mm512_maskz_scalef_pd(all, Lanes<double>(1).v, -k.v))};
}
#else
template <typename T> inline Scaled<T> scaled(Lanes<T> x) {
    using Number = std::make_unsigned_t<BitsOf<T>>;
    constexpr int digits = std::numeric_limits<T>::digits;
    constexpr Number hidden = Number{1} << FRACTION_BITS<T>;
    constexpr Number one = BIAS<T> * hidden, three_quarters = one - hidden / 2;  // as bits
    constexpr double rounder = hidden;

    const Truth<T> tiny = x < Lanes<T>(std::numeric_limits<T>::min());
    const auto word = Word<T>(where(tiny, x * Lanes<T>(2 * rounder), x)).v + (one - three_quarters);
    const auto biased = word >> FRACTION_BITS<T>;  // k + BIAS
    const Lanes<T> sum = Word<T>(biased | (one + FRACTION_BITS<T> * hidden)).number();
    return {sum - where(tiny, Lanes<T>(rounder + BIAS<T> + digits), Lanes<T>(rounder + BIAS<T>)),
            Word<T>((word & (hidden - 1)) + three_quarters).number(),
            Word<T>((2 * BIAS<T> - biased) << FRACTION_BITS<T>).number()};
}
#endif

// k ln 2 + ln(1 + f)
template <typename T> inline Lanes<T> logarithm(Lanes<T> k, Lanes<T> f) {
    const Lanes<T> k_low = k * Lanes<T>(Exponent<T>::LN2_LOW);
    Lanes<T> rest;
    if constexpr (sizeof(T) == 4) {
        const Lanes<T> p = polynomial(f, -0.5, 0.3333345, -0.25000095, 0.19990861, -0.16647309, 0.14478381, -0.1316121,
                                      0.10463139, -0.045075953);
        rest = fused(f * f, p, k_low) + f;
    } else {
        const Lanes<T> s = f / (f + Lanes<T>(2)), z = s * s, half_square = Lanes<T>(0.5) * f * f;
        const Lanes<T> p =
            polynomial(z, 0.666666666666666, 0.40000000000055647, 0.2857142855606884, 0.22222224270029622,
                       0.18181667421119643, 0.1539106253251888, 0.13174414917325747, 0.1383760602598881);
        rest = f - (half_square - fused(s, fused(z, p, half_square), k_low));
    }
    return fused(k, Lanes<T>(Exponent<T>::LN2_HIGH), rest);
}

// y, the logarithm of x, corrected where x is not positive and finite.
template <typename T> inline Lanes<T> logarithm_anywhere(Lanes<T> x, Lanes<T> y) {
#if defined(__AVX512F__)
    (void)x;
    return y;
#else
    constexpr double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
    const Lanes<T> zero(0.0);
    y = where(x > zero, y, where(x == zero, Lanes<T>(-infinity), Lanes<T>(nan)));
    return where(x < Lanes<T>(infinity), y, x);
#endif
}

// ln x; error at most 1 ulp.
template <typename T> inline Lanes<T> log(Lanes<T> x) {
    const Scaled<T> u = scaled(x);
    return logarithm_anywhere(x, logarithm(u.k, u.m - Lanes<T>(1)));
}

// ln(1 + x), with f = (1 + x) 2^−k − 1 computed without the rounding of 1 + x; error at most 1.1 ulp.
template <typename T> inline Lanes<T> log1p(Lanes<T> x) {
    const Lanes<T> one(1), sum = one + x;
    const Scaled<T> u = scaled(sum);
    const Truth<T> ordinary = (sum > Lanes<T>(0.0)) & (sum < Lanes<T>(0x1p60));
    const Lanes<T> f = where(ordinary, fused(x, u.inverse, u.inverse - one), u.m - one);
    return with_sign_of(x, logarithm_anywhere(sum, logarithm(u.k, f)));
}

}  // namespace multilayer::elementary
