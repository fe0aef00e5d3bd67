// What is asked of a program: checked with the interpreter, run without it.
#pragma once

#include <mutex>
#include <stdexcept>
#include <utility>

#include "../core/program.hpp"
#include "data.hpp"
#include "interpreter.hpp"

namespace multilayer {

// Held while a program is used; a second thread is told instead of waiting with the interpreter in its hands.
template <typename T> std::unique_lock<std::mutex> occupy(Program<T>& program) {
    std::unique_lock lock(program.running, std::try_to_lock);
    if (!lock) throw std::runtime_error("program: runs in another thread already; make one program a thread");
    if (program.machines.empty()) throw std::runtime_error("program: its state was handed over; make a new program");
    return lock;
}

template <typename T> void require_gradient(const Program<T>& program) {
    require(has_gradient(program.plan), "activation: one of the network's has no derivative, so no gradient passes through it");
}

template <typename T> void require_fit(const Program<T>& program, const Data<T>& data, bool targets) {
    require(data.rows.n_inputs == program.plan.n_inputs, "X: has another number of columns than the network has inputs");
    if (targets) {
        require(data.rows.has_targets() && data.rows.n_outputs == program.plan.n_outputs,
                "Y: must have as many columns as the network has outputs");
    }
}

inline void require_rows(const Whole* order, std::size_t size, Index n) {
    for (std::size_t i = 0; i < size; ++i) require(0 <= order[i] && order[i] < n, "order: a row number is out of range");
}

// One of an occupied program's machines.
template <typename T> Machine<T>& member(Program<T>& program, Whole k) {
    require(0 <= k && k < static_cast<Whole>(program.machines.size()), "member: out of range");
    return *program.machines[static_cast<std::size_t>(k)];
}

template <typename T> std::size_t parameters(const Program<T>& program) {
    return static_cast<std::size_t>(program.plan.n_parameters);
}

template <typename T>
std::pair<Index, int> advance(Program<T>& program, const Data<T>& data, Array<Whole, 2> order, Array<Whole, 1> starts,
                              Array<double, 2> scalars, bool stop_on_nonfinite, Output<double, 2> loss,
                              Output<double, 2> weight, Output<double, 2> penalty, bool main_thread) {
    const auto lock = occupy(program);
    const std::size_t members = program.machines.size(), length = order.shape(1);
    require_gradient(program);
    require_fit(program, data, true);
    require(starts.shape(0) >= 1, "starts: must have one entry more than there are batches");
    const std::size_t batches = starts.shape(0) - 1;
    require(order.shape(0) == 1 || order.shape(0) == members, "order: must be one for all members, or one for each");
    require_rows(order.data(), order.size(), data.rows.n);
    require(0 <= starts(0) && starts(batches) <= static_cast<Whole>(length), "starts: go beyond the order");
    for (std::size_t j = 0; j < batches; ++j) require(starts(j) <= starts(j + 1), "starts: must not fall");
    require(scalars.shape(0) == batches && scalars.shape(1) == static_cast<std::size_t>(program.rule.scalars),
            "scalars: must have shape (batches, number of the rule's scalars)");
    for (const auto& array : {loss, weight, penalty}) {
        require(array.shape(0) == batches && array.shape(1) == members, "report: arrays must have shape (batches, members)");
    }
    const Stretch stretch{order.data(), order.shape(0) == 1 ? 0 : static_cast<Index>(length), starts.data(), scalars.data(),
                          static_cast<Index>(batches), static_cast<Index>(program.rule.scalars), stop_on_nonfinite};
    Report report{loss.data(), weight.data(), penalty.data()};
    Signals signals(main_thread);
    {
        const WithoutInterpreter without;
        program.advance(data.rows, stretch, report, signals);
    }
    signals.settle();
    return {report.done, static_cast<int>(report.ended)};
}

template <typename T>
std::pair<double, double> gradient(Program<T>& program, Whole k, const Data<T>& data, std::optional<Array<Whole, 1>> order,
                                   bool masks, std::optional<Array<T, 1>> theta, Output<T, 1> to, bool main_thread) {
    const auto lock = occupy(program);
    Machine<T>& machine = member(program, k);
    require_gradient(program);
    require_fit(program, data, true);
    if (order) require_rows(order->data(), order->size(), data.rows.n);
    require(to.size() == parameters(program) && (!theta || theta->size() == parameters(program)),
            "theta: must have as many entries as the network has parameters");
    const Batch batch{order ? order->data() : nullptr, 0, order ? static_cast<Index>(order->size()) : data.rows.n};
    Seen seen;
    uninterrupted(main_thread, [&](Interrupt& interrupt) {
        return machine.gradient(program.team, theta ? theta->data() : nullptr, data.rows, batch, masks, to.data(), seen,
                                &interrupt);
    });
    return {seen.loss, seen.weight};
}

template <typename T> std::pair<double, double> loss(Program<T>& program, Whole k, const Data<T>& data, bool main_thread) {
    const auto lock = occupy(program);
    Machine<T>& machine = member(program, k);
    require_fit(program, data, true);
    double total = 0;
    uninterrupted(main_thread, [&](Interrupt& interrupt) {
        return machine.evaluation.loss(program.team, machine.parameters.theta.get(), data.rows, &interrupt, total);
    });
    return {total, weight_of(data.rows, Batch{nullptr, 0, data.rows.n})};
}

template <typename T>
void predict(Program<T>& program, Whole k, const Data<T>& data, int until, Output<T, 2> to, bool main_thread) {
    const auto lock = occupy(program);
    Machine<T>& machine = member(program, k);
    require_fit(program, data, false);
    require(until < static_cast<int>(program.plan.operations.size()), "until: there is no such operation");
    require(static_cast<Index>(to.shape(0)) == data.rows.n &&
                static_cast<Index>(to.shape(1)) == machine.evaluation.units(until),
            "outputs: wrong shape");
    uninterrupted(main_thread, [&](Interrupt& interrupt) {
        return machine.evaluation.predict(program.team, machine.parameters.theta.get(), data.rows, until, to.data(), &interrupt);
    });
}

template <typename T>
double apply(Program<T>& program, Whole k, Array<T, 1> gradient, double weight, Array<double, 1> scalars) {
    const auto lock = occupy(program);
    Machine<T>& machine = member(program, k);
    require(gradient.size() == parameters(program), "gradient: must have as many entries as the network has parameters");
    require(scalars.size() == static_cast<std::size_t>(program.rule.scalars), "scalars: must be as many as the rule has");
    const WithoutInterpreter without;
    const FlushSubnormals flush;
    return machine.apply(program.team, gradient.data(), weight, scalars.data());
}

}  // namespace multilayer
