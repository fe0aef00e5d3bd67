// sin and cos of vectors; error at most 1.6 ulp.
//
// x = h π/2 + r with h whole and |r| ≤ π/4: ± sin r or ± cos r, as h asks for. π/2 is taken in parts (Cody and Waite),
// of which h times the first leaves nothing to round.
#pragma once

#include <cmath>

#include "elementary_polynomial.hpp"

namespace multilayer::elementary {

#if defined(__FMA__) || defined(__aarch64__)
constexpr bool FUSES = true;
#else
constexpr bool FUSES = false;
#endif

// Lanes farther from 0 than this are left to the C library: there h is too large for exact products, or not found.
template <typename T> constexpr double FARTHEST = sizeof(T) == 4 ? (FUSES ? 1e5 : 1600) : (FUSES ? 1e9 : 8e5);

template <typename T> inline bool any(Truth<T> truth) {
#if defined(__AVX512F__)
    return _mm512_test_epi64_mask(reinterpret_cast<__m512i>(truth.v), reinterpret_cast<__m512i>(truth.v)) != 0;
#elif defined(__AVX2__)
    return _mm256_movemask_epi8(reinterpret_cast<__m256i>(truth.v)) != 0;
#elif defined(__SSE2__)
    return _mm_movemask_epi8(reinterpret_cast<__m128i>(truth.v)) != 0;
#else
    return vmaxvq_u32(reinterpret_cast<uint32x4_t>(truth.v)) != 0;
#endif
}

// x − h a − h b − …
template <typename T> inline Lanes<T> minus(Lanes<T> x, Lanes<T>) { return x; }
template <typename T, typename... Numbers> inline Lanes<T> minus(Lanes<T> x, Lanes<T> h, double a, Numbers... rest) {
    return minus(fused(h, Lanes<T>(-a), x), h, rest...);
}

// x − h (a + b + c + d), where h a, h b and h c are exact: what each difference rounds off goes with the next product.
template <typename T>
inline Lanes<T> minus_exact_products(Lanes<T> x, Lanes<T> h, double a, double b, double c, double d) {
    const Lanes<T> r0 = x - h * Lanes<T>(a);
    const Lanes<T> second = h * Lanes<T>(b), r1 = r0 - second;
    const Lanes<T> third = h * Lanes<T>(c) + (second - (r0 - r1)), r2 = r1 - third;
    return r2 - (h * Lanes<T>(d) + (third - (r1 - r2)));
}

// x − h π/2
template <typename T> inline Lanes<T> minus_quarter_turns(Lanes<T> x, Lanes<T> h) {
    if constexpr (FUSES && sizeof(T) == 4) {
        return minus(x, h, 1.570796251296997, 7.549789415861596e-08, 5.390302529957765e-15);
    } else if constexpr (FUSES) {
        return minus(x, h, 1.5707963267948966, 6.123233995736765e-17, 1.0828566739219139e-32);
    } else if constexpr (sizeof(T) == 4) {
        return minus_exact_products(x, h, 1.570556640625, 0.0002396702766418457, 1.5890691429376602e-08,
                                    2.5633440682570896e-12);
    } else {
        return minus_exact_products(x, h, 1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21,
                                    8.4784276603689e-32);
    }
}

// sin(x + turns π/2), for x not too far away.
template <typename T> inline Lanes<T> sine_ahead(Lanes<T> x, int turns) {
    const Lanes<T> rounder(ROUNDER<T> + turns);
    const Lanes<T> sum = fused(x, Lanes<T>(0.6366197723675814), rounder);  // ends in h + turns
    const Lanes<T> r = minus_quarter_turns(x, sum - rounder), z = r * r;
    Lanes<T> s, c;
    if constexpr (sizeof(T) == 4) {
        s = polynomial(z, -0.16666654, 0.008332137, -0.00019512021);
        c = polynomial(z, 1, -0.5, 0.041666646, -0.0013887284, 2.4429439e-05);
    } else {
        s = polynomial(z, -0.1666666666666663, 0.008333333333321544, -0.00019841269829112487, 2.7557313450725986e-06,
                       -2.5050720300038132e-08, 1.5894598369149887e-10);
        c = polynomial(z, 1, -0.5, 0.04166666666666659, -0.0013888888888872236, 2.4801587288327085e-05,
                       -2.7557314024468874e-07, 2.0875679377812493e-09, -1.1357404701455824e-11);
    }
    s = with_sign_of(r, fused(r * z, s, r));  // −0 is kept
    const Bits<T> quarter = bits(sum), one = Bits<T>{} + 1;
    const Lanes<T> y = where(Truth<T>{(quarter & one) == one}, c, s);
    return from_bits<T>(bits(y) ^ ((quarter & (one + one)) << (8 * static_cast<int>(sizeof(T)) - 2)));
}

// y, with `exact` of x in the lanes where x is too far away, infinite or NaN.
template <typename T>
[[gnu::noinline, gnu::cold]] Lanes<T> corrected_far_away(Lanes<T> x, Lanes<T> y, T (*exact)(T)) {
    for (int i = 0; i < Lanes<T>::count; ++i) {
        if (!(std::abs(x.v[i]) <= FARTHEST<T>)) {
            y.v[i] = exact(x.v[i]);
        }
    }
    return y;
}

template <typename T> inline Lanes<T> sin(Lanes<T> x) {
    const Lanes<T> y = sine_ahead(x, 0);
    const Truth<T> far = ~(magnitude(x) <= Lanes<T>(FARTHEST<T>));
    return any(far) ? corrected_far_away<T>(x, y, [](T a) { return std::sin(a); }) : y;
}

template <typename T> inline Lanes<T> cos(Lanes<T> x) {
    const Lanes<T> y = sine_ahead(x, 1);
    const Truth<T> far = ~(magnitude(x) <= Lanes<T>(FARTHEST<T>));
    return any(far) ? corrected_far_away<T>(x, y, [](T a) { return std::cos(a); }) : y;
}

}  // namespace multilayer::elementary
