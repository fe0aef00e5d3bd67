// Vectors of numbers as wide as the instruction set's registers, with the operators that formulas use.
//
// Lanes<T> stands where a printed formula has T: every operation acts on each lane by itself and rounds as the scalar
// one does. Products and sums are never joined except by `fused`, which rounds once where the processor can.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace multilayer {

#if defined(__AVX512F__)
constexpr int REGISTER_BYTES = 64;
constexpr int REGISTERS = 32;
#elif defined(__AVX2__)
constexpr int REGISTER_BYTES = 32;
constexpr int REGISTERS = 16;
#else
constexpr int REGISTER_BYTES = 16;
#if defined(__aarch64__)
constexpr int REGISTERS = 32;
#else
constexpr int REGISTERS = 16;
#endif
#endif

template <typename T> using BitsOf = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;

// Yes or no in each lane: all bits set, or none.
template <typename T> struct Truth {
    typedef BitsOf<T> Vector __attribute__((vector_size(REGISTER_BYTES)));
    Vector v;

    friend Truth operator&(Truth a, Truth b) { return {a.v & b.v}; }
    friend Truth operator|(Truth a, Truth b) { return {a.v | b.v}; }
    friend Truth operator~(Truth a) { return {~a.v}; }
};

template <typename T> struct Lanes {
    static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>);
    typedef T Vector __attribute__((vector_size(REGISTER_BYTES)));
    static constexpr int count = REGISTER_BYTES / sizeof(T);
    Vector v;

    Lanes() = default;
    Lanes(Vector vector) : v(vector) {}
    // The same number in every lane, rounded to T first. (x − 0 is x, and −0 + 0 would not be −0.)
    explicit Lanes(double number) : Lanes(all(static_cast<T>(number))) {}
    static Lanes all(T number) { return number - Vector{}; }

    friend Lanes operator+(Lanes a, Lanes b) { return a.v + b.v; }
    friend Lanes operator-(Lanes a, Lanes b) { return a.v - b.v; }
    friend Lanes operator*(Lanes a, Lanes b) { return a.v * b.v; }
    friend Lanes operator/(Lanes a, Lanes b) { return a.v / b.v; }
    friend Lanes operator-(Lanes a) { return -a.v; }
    friend Truth<T> operator<(Lanes a, Lanes b) { return {a.v < b.v}; }
    friend Truth<T> operator<=(Lanes a, Lanes b) { return {a.v <= b.v}; }
    friend Truth<T> operator>(Lanes a, Lanes b) { return {a.v > b.v}; }
    friend Truth<T> operator>=(Lanes a, Lanes b) { return {a.v >= b.v}; }
    friend Truth<T> operator==(Lanes a, Lanes b) { return {a.v == b.v}; }
    friend Truth<T> operator!=(Lanes a, Lanes b) { return {a.v != b.v}; }
};

template <typename T> inline Lanes<T> where(Truth<T> condition, Lanes<T> a, Lanes<T> b) {
    return condition.v ? a.v : b.v;
}

// The bits of a number as a signed whole number, and back.
template <typename T> inline typename Truth<T>::Vector bits(Lanes<T> a) {
    return reinterpret_cast<typename Truth<T>::Vector>(a.v);
}
template <typename T> inline Lanes<T> from_bits(typename Truth<T>::Vector b) {
    return reinterpret_cast<typename Lanes<T>::Vector>(b);
}

template <typename T> inline Lanes<T> magnitude(Lanes<T> a) {
    constexpr BitsOf<T> all_but_sign = std::numeric_limits<BitsOf<T>>::max();
    return from_bits<T>(bits(a) & (typename Truth<T>::Vector{} + all_but_sign));
}

// a·b + c, rounded once where the processor has the instruction.
inline Lanes<float> fused(Lanes<float> a, Lanes<float> b, Lanes<float> c) {
#if defined(__AVX512F__)
    return Lanes<float>(_mm512_fmadd_ps(a.v, b.v, c.v));
#elif defined(__FMA__)
    return Lanes<float>(_mm256_fmadd_ps(a.v, b.v, c.v));
#elif defined(__aarch64__)
    return Lanes<float>(vfmaq_f32(c.v, a.v, b.v));
#else
    return a * b + c;
#endif
}
inline Lanes<double> fused(Lanes<double> a, Lanes<double> b, Lanes<double> c) {
#if defined(__AVX512F__)
    return Lanes<double>(_mm512_fmadd_pd(a.v, b.v, c.v));
#elif defined(__FMA__)
    return Lanes<double>(_mm256_fmadd_pd(a.v, b.v, c.v));
#elif defined(__aarch64__)
    return Lanes<double>(vfmaq_f64(c.v, a.v, b.v));
#else
    return a * b + c;
#endif
}

inline Lanes<float> square_root(Lanes<float> a) {
#if defined(__AVX512F__)
    return Lanes<float>(_mm512_maskz_sqrt_ps(0xFFFF, a.v));
#elif defined(__AVX2__)
    return Lanes<float>(_mm256_sqrt_ps(a.v));
#elif defined(__SSE2__)
    return Lanes<float>(_mm_sqrt_ps(a.v));
#else
    return Lanes<float>(vsqrtq_f32(a.v));
#endif
}
inline Lanes<double> square_root(Lanes<double> a) {
#if defined(__AVX512F__)
    return Lanes<double>(_mm512_maskz_sqrt_pd(0xFF, a.v));
#elif defined(__AVX2__)
    return Lanes<double>(_mm256_sqrt_pd(a.v));
#elif defined(__SSE2__)
    return Lanes<double>(_mm_sqrt_pd(a.v));
#else
    return Lanes<double>(vsqrtq_f64(a.v));
#endif
}

template <typename T> inline Lanes<T> load(const T* from) {
    Lanes<T> a;
    std::memcpy(&a.v, from, sizeof a.v);
    return a;
}
template <typename T> inline void store(T* to, Lanes<T> a) { std::memcpy(to, &a.v, sizeof a.v); }

#if defined(__AVX2__) && !defined(__AVX512F__)
// All bits set in the first n numbers.
template <typename Int> inline __m256i first_of(int n) {
    constexpr int count = 32 / sizeof(Int);
    alignas(32) static constexpr auto marks = [] {
        std::array<Int, 2 * count> all{};
        for (int i = 0; i < count; ++i) all[static_cast<std::size_t>(i)] = -1;
        return all;
    }();
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(marks.data() + count - n));
}
#endif

// The first n lanes, 0 < n ≤ count; the others are 0.
template <typename T> inline Lanes<T> load_first(const T* from, int n) {
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 4) {
        return Lanes<T>(_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << n) - 1u), from));
    } else {
        return Lanes<T>(_mm512_maskz_loadu_pd(static_cast<__mmask8>((1u << n) - 1u), from));
    }
#elif defined(__AVX2__)
    if constexpr (sizeof(T) == 4) {
        return Lanes<T>(_mm256_maskload_ps(from, first_of<int>(n)));
    } else {
        return Lanes<T>(_mm256_maskload_pd(from, first_of<long long>(n)));
    }
#else
    Lanes<T> a{typename Lanes<T>::Vector{}};
    std::memcpy(&a.v, from, static_cast<std::size_t>(n) * sizeof(T));
    return a;
#endif
}
template <typename T> inline void store_first(T* to, Lanes<T> a, int n) {
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 4) {
        _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << n) - 1u), a.v);
    } else {
        _mm512_mask_storeu_pd(to, static_cast<__mmask8>((1u << n) - 1u), a.v);
    }
#elif defined(__AVX2__)
    if constexpr (sizeof(T) == 4) {
        _mm256_maskstore_ps(to, first_of<int>(n), a.v);
    } else {
        _mm256_maskstore_pd(to, first_of<long long>(n), a.v);
    }
#else
    std::memcpy(to, &a.v, static_cast<std::size_t>(n) * sizeof(T));
#endif
}

// Sum of the lanes: halves are added until one lane is left, always in the same order.
template <typename T> inline T sum(Lanes<T> a) {
    typename Lanes<T>::Vector v = a.v;
    if constexpr (Lanes<T>::count == 16) {
        v += __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
        v += __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
        v += __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
        v += __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
    } else if constexpr (Lanes<T>::count == 8) {
        v += __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3);
        v += __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5);
        v += __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6);
    } else if constexpr (Lanes<T>::count == 4) {
        v += __builtin_shufflevector(v, v, 2, 3, 0, 1);
        v += __builtin_shufflevector(v, v, 1, 0, 3, 2);
    } else {
        v += __builtin_shufflevector(v, v, 1, 0);
    }
    return v[0];
}

// Largest magnitude among n numbers; infinite where one is NaN, so that comparing results loses none.
template <typename T> inline double largest_magnitude(const T* from, std::ptrdiff_t n) {
    typename Truth<T>::Vector most{};
    for (std::ptrdiff_t i = 0; i < n; i += Lanes<T>::count) {
        const bool whole = n - i >= Lanes<T>::count;
        // Of magnitudes the bits are in the numbers' order, with infinity and NaN above all numbers.
        const auto b = bits(magnitude(whole ? load(from + i) : load_first(from + i, static_cast<int>(n - i))));
        most = b > most ? b : most;
    }
    BitsOf<T> largest = 0;
    for (int i = 0; i < Lanes<T>::count; ++i) largest = most[i] > largest ? most[i] : largest;
    T result;
    std::memcpy(&result, &largest, sizeof result);
    return result == result ? static_cast<double>(result) : std::numeric_limits<double>::infinity();
}

}  // namespace multilayer
