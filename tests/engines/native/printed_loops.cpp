// Every loop around a printed formula, for test_printed_loops.py to read as machine code.
#include <string_view>
#include <tuple>

#include "core/head.hpp"
#include "core/update.hpp"

namespace multilayer {

template <typename T> auto printed_loops(std::string_view rule) {
    return std::tuple{Activations::activate<T>, Activations::multiply_by_slope<T>, Outputs::function<T>, Outputs::vjp<T>,
                      Losses::value<T>,         Losses::value_and_slope<T>,        OwnLosses::value<T>,
                      OwnLosses::value_and_delta<T>, find_rule<T>(rule)};
}

template auto printed_loops<float>(std::string_view);
template auto printed_loops<double>(std::string_view);

}  // namespace multilayer
