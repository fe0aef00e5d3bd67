// NumPy's arrays as they come, and how a bad argument is refused.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstdint>
#include <string>

namespace multilayer {

namespace nb = nanobind;

template <typename T, int N> using Array = nb::ndarray<const T, nb::numpy, nb::ndim<N>, nb::c_contig, nb::device::cpu>;
template <typename T, int N> using Output = nb::ndarray<T, nb::numpy, nb::ndim<N>, nb::c_contig, nb::device::cpu>;
using Whole = std::int64_t;

[[noreturn]] inline void refuse(const std::string& what) { throw nb::value_error(what.c_str()); }

inline void require(bool holds, const char* what) {
    if (!holds) refuse(what);
}

}  // namespace multilayer
