// exp, expm1 and tanh of vectors.
//
// x = n ln 2 + r with n whole and |r| ≤ ½ ln 2; e^r by a polynomial, times 2^n (Cody and Waite, Software Manual for the
// Elementary Functions, 1980). ln 2 is taken in two parts, of which n times the first is exact.
#pragma once

#include "elementary_polynomial.hpp"

namespace multilayer::elementary {

template <typename T> struct Exponent {
    Lanes<T> n;
    Word<T> word;   // its lowest bits: n + offset
    Lanes<T> high;  // r = high − low
    Lanes<T> low() const { return n * Lanes<T>(LN2_LOW); }
    Lanes<T> r() const { return fused(n, Lanes<T>(-LN2_LOW), high); }

    static constexpr double LN2_HIGH = sizeof(T) == 4 ? 0.693145751953125 : 0.6931471805598903;
    static constexpr double LN2_LOW = sizeof(T) == 4 ? 1.428606765330187e-06 : 5.497923018708371e-14;
};

// n is the whole number next to `about` / ln 2; x and `about` are nearly the same.
template <typename T> inline Exponent<T> split(Lanes<T> x, Lanes<T> about, int offset) {
    const Lanes<T> rounder(ROUNDER<T> + offset);
    const Lanes<T> sum = fused(about, Lanes<T>(1.4426950408889634), rounder);
    const Lanes<T> n = sum - rounder;
    return {n, Word<T>(sum), fused(n, Lanes<T>(-Exponent<T>::LN2_HIGH), x)};
}

// (e^r − 1 − r) / r²
template <typename T> inline Lanes<T> exponential_tail(Lanes<T> r) {
    if constexpr (sizeof(T) == 4) {
        return polynomial(r, 0.49999997, 0.16666543, 0.0416672, 0.008366514, 0.001388254);
    } else {
        return polynomial(r, 0.5000000000000006, 0.1666666666666659, 0.041666666666576826, 0.00833333333338945,
                          0.001388888893153832, 0.00019841269719220276, 2.4801505308285132e-05, 2.7557407376332977e-06,
                          2.762602336854447e-07, 2.5053816434848677e-08);
    }
}

// e^r
template <typename T> inline Lanes<T> exponential_near_zero(Lanes<T> r) {
    const Lanes<T> one(1);
    return fused(r, fused(r, exponential_tail(r), one), one);
}

// 2^(n + offset − BIAS), a normal number.
template <typename T> inline Lanes<T> power_of_two(const Exponent<T>& exponent) {
    return Word<T>(exponent.word.v << FRACTION_BITS<T>).number();
}

// a·2^n, rounded once, also where 2^n is no normal number. The offset is 2·BIAS.
template <typename T> inline Lanes<T> times_power_of_two(Lanes<T> a, const Exponent<T>& exponent) {
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 4) {
        return Lanes<T>(_mm512_maskz_scalef_ps(0xFFFF, a.v, exponent.n.v));
    } else {
        return Lanes<T>(_mm512_maskz_scalef_pd(0xFF, a.v, exponent.n.v));
    }
#else
    const auto half = exponent.word.v >> 1;
    return a * Word<T>(half << FRACTION_BITS<T>).number() *
           Word<T>((exponent.word.v - half) << FRACTION_BITS<T>).number();
#endif
}

// e^x; error at most 1.3 ulp.
template <typename T> inline Lanes<T> exp(Lanes<T> x) {
    constexpr double lowest = sizeof(T) == 4 ? -104 : -746, highest = sizeof(T) == 4 ? 89 : 710;
    x = at_least(at_most(x, highest), lowest);
    const Exponent<T> exponent = split(x, x, 2 * BIAS<T>);
    return times_power_of_two(exponential_near_zero(exponent.r()), exponent);
}

// e^x − 1 = 2^n (e^r − 1) + (2^n − 1); error at most 1.3 ulp.
template <typename T> inline Lanes<T> expm1(Lanes<T> x) {
    constexpr double lowest = sizeof(T) == 4 ? -18 : -38, highest = sizeof(T) == 4 ? 89 : 710;
    const Lanes<T> y = at_least(at_most(x, highest), lowest);
    const Exponent<T> exponent = split(y, y, BIAS<T> - 1);
    const Lanes<T> r = exponent.r();
    const Lanes<T> power = power_of_two(exponent);  // 2^(n − 1): 2^n may be too large
    const Lanes<T> tail = fused(r * r, exponential_tail(r), -exponent.low());
    const Lanes<T> half = fused(power, tail, fused(power, exponent.high, power - Lanes<T>(0.5)));
    return with_sign_of(x, half + half);
}

// tanh x = 1 − 2 / (e^2x + 1) for x ≥ 0.6; nearer to 0, x + x³ p(x²). Error at most 1.5 ulp.
template <typename T> inline Lanes<T> tanh(Lanes<T> x) {
    const Lanes<T> one(1), two(2);
    const Lanes<T> a = at_most(magnitude(x), sizeof(T) == 4 ? 10 : 20);
    const Exponent<T> exponent = split(a + a, a + a, BIAS<T>);
    const Lanes<T> near_one = one - two / fused(power_of_two(exponent), exponential_near_zero(exponent.r()), one);

    const Lanes<T> z = a * a;
    Lanes<T> p;
    if constexpr (sizeof(T) == 4) {
        p = polynomial(z, -0.3333328, 0.13331443, -0.053739727, 0.020639123, -0.0057050264);
    } else {
        p = polynomial(z, -0.33333333333332854, 0.13333333333262137, -0.05396825393128748, 0.02186948757651178,
                       -0.008863221007565623, 0.0035919892092878313, -0.0014549590388235809, 0.0005863170027373228,
                       -0.00022856502862747045, 7.714517738328694e-05, -1.6072914833042302e-05);
    }
    return with_sign_of(x, where(a < Lanes<T>(0.6), fused(a * z, p, a), near_one));
}

}  // namespace multilayer::elementary
