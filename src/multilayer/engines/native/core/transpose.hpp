// Squares of numbers turned over: what stands as [unit][lane] in a panel becomes rows of samples, and back.
//
// Stage b of log₂(count) exchanges, between vectors i and i + b, the lanes whose number has bit b set: after all stages
// lane j of vector i is what lane i of vector j was.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include "lanes.hpp"

namespace multilayer {

template <int B, typename V, std::size_t... L> inline V lower_of(V a, V b, std::index_sequence<L...>) {
    constexpr int count = sizeof...(L);
    return __builtin_shufflevector(a, b, (static_cast<int>(L) & B ? static_cast<int>(L) - B + count : static_cast<int>(L))...);
}
template <int B, typename V, std::size_t... L> inline V upper_of(V a, V b, std::index_sequence<L...>) {
    constexpr int count = sizeof...(L);
    return __builtin_shufflevector(a, b, (static_cast<int>(L) & B ? static_cast<int>(L) + count : static_cast<int>(L) + B)...);
}

template <int B, typename T> inline void exchange(std::array<Lanes<T>, Lanes<T>::count>& v) {
    constexpr int count = Lanes<T>::count;
    using All = std::make_index_sequence<count>;
#pragma GCC unroll 16
    for (int i = 0; i < count; ++i) {
        if (i & B) continue;
        const auto a = v[static_cast<std::size_t>(i)].v, b = v[static_cast<std::size_t>(i + B)].v;
        v[static_cast<std::size_t>(i)].v = lower_of<B>(a, b, All{});
        v[static_cast<std::size_t>(i + B)].v = upper_of<B>(a, b, All{});
    }
}

// `rows` ≤ count vectors row(i) become count vectors whose lanes from `rows` on are 0; `wanted` of them are stored,
// `to_step` apart.
template <typename T, typename Row>
[[gnu::always_inline]] inline void transpose(const Row& row, int rows, T* to, std::ptrdiff_t to_step, int wanted) {
    constexpr int count = Lanes<T>::count;
    std::array<Lanes<T>, count> v;
#pragma GCC unroll 16
    for (int i = 0; i < count; ++i) v[static_cast<std::size_t>(i)] = i < rows ? row(i) : Lanes<T>(0.0);
    exchange<1>(v);
    if constexpr (count >= 4) exchange<2>(v);
    if constexpr (count >= 8) exchange<4>(v);
    if constexpr (count >= 16) exchange<8>(v);
#pragma GCC unroll 16
    for (int i = 0; i < count; ++i) {
        if (i < wanted) store(to + i * to_step, v[static_cast<std::size_t>(i)]);
    }
}

template <typename T>
[[gnu::always_inline]] inline void transpose(const T* from, std::ptrdiff_t from_step, int rows, T* to, std::ptrdiff_t to_step, int wanted) {
    transpose([&](int i) { return load(from + i * from_step); }, rows, to, to_step, wanted);
}

}  // namespace multilayer
