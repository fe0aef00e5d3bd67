// The prepared predictor of single rows.
#pragma once

#include "calls.hpp"

namespace multilayer {

// A network's outputs row by row, with parameters and buffers of its own; what it returns is overwritten by the next call.
template <typename T> class Predictor {
public:
    Predictor(Program<T>& program, Whole k, Output<T, 1> to)
        : plan_(program.plan), row_(plan_), theta_(plan_.n_parameters), to_(to.data()), result_(nb::cast(to)) {
        const auto lock = occupy(program);
        require(fits_single_row(plan_), "network: of dense layers only");
        require(static_cast<Index>(to.size()) == plan_.n_outputs, "outputs: wrong shape");
        std::copy_n(member(program, k).parameters.theta.get(), parameters(program), theta_.get());
    }

    nb::object operator()(nb::handle x) {
        Array<T, 1> row;
        if (!nb::try_cast(x, row, false) || static_cast<Index>(row.size()) != plan_.n_inputs) {
            refuse("x: must be a contiguous array of " + std::to_string(plan_.n_inputs) + " numbers of type float" +
                   std::to_string(8 * sizeof(T)));
        }
        row_.predict(theta_.get(), row.data(), to_);
        return result_;
    }

private:
    const Plan plan_;
    SingleRow<T> row_;
    Memory<T> theta_;
    T* to_;
    nb::object result_;
};

}  // namespace multilayer
