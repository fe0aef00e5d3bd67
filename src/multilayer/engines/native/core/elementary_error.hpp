// erfc of vectors; error at most 3.7 ulp.
//
// For a ≥ 0, erfc a = exp(−a²) (1 + p(q)) / (1 + 2a) with q = (a − k) / (a + k) = 2a / (a + k) − 1 (Shepherd and
// Laframboise, Mathematics of Computation 36, 1981); for −a, it is 2 − erfc a.
#pragma once

#include "elementary_exponential.hpp"

namespace multilayer::elementary {

template <typename T> inline Lanes<T> erfc(Lanes<T> x) {
    constexpr double k = sizeof(T) == 4 ? 2 : 4, highest = sizeof(T) == 4 ? 10.2 : 27.3;
    const Lanes<T> one(1), a = at_most(magnitude(x), highest);
    const Lanes<T> part = a / (a + Lanes<T>(k)), q = (part + part) - one;
    Lanes<T> p;
    if constexpr (sizeof(T) == 4) {
        p = polynomial(q, 0.2769784, -0.09276398, -0.16603146, 0.16405542, -0.05420389, -0.008060134, 0.008630116,
                       0.0013133044, -0.0012280217, -0.0003994572);
    } else {
        p = polynomial(q, 0.23299511862555256, -0.13962111684056322, 0.015379652102606712, 0.06809705425476736,
                       -0.10103906603559015, 0.09373283499606737, -0.06633036582769518, 0.03716751556806384,
                       -0.016197733884009875, 0.00503196976681872, -0.0007577744327199427, -0.00019925591420408425,
                       0.0001506263642589341, -2.4400559217345645e-05, -1.123424474431458e-05, 5.7095469389728046e-06,
                       3.138073113476486e-07, -8.204307481353638e-07, 5.513116723612104e-08, 1.0160310449330349e-07,
                       -7.984434315398801e-09, -8.369325010820667e-09);
    }
    const Lanes<T> sum = one + (a + a), rounding = (a + a) - (sum - one);  // of 1 + 2a
    const Lanes<T> inverse = one / sum, quotient = fused(inverse, p - rounding * inverse, inverse);

    // −a² = −b² + (b − a)(b + a), where b, the upper half of a's digits, has an exact square.
    constexpr BitsOf<T> upper = ~((BitsOf<T>{1} << (FRACTION_BITS<T> / 2 + 1)) - 1);
    const Lanes<T> b = from_bits<T>(bits(a) & (Bits<T>{} + upper));
    const Lanes<T> high = -(b * b), low = (b - a) * (b + a);
    const Exponent<T> exponent = split(high, high + low, 2 * BIAS<T>);
    const Lanes<T> power = exponential_near_zero(exponent.high + (low - exponent.low()));
    const Lanes<T> y = times_power_of_two(power * quotient, exponent);
    return where(x < Lanes<T>(0.0), Lanes<T>(2) - y, y);
}

}  // namespace multilayer::elementary
