// A program's state as arrays: written, read, handed over.
#pragma once

#include <utility>
#include <vector>

#include "calls.hpp"

namespace multilayer {

// θ, then the slots.
template <typename T> std::vector<T*> arrays_of(Machine<T>& machine) {
    std::vector<T*> arrays{machine.parameters.theta.get()};
    for (const Memory<T>& slot : machine.parameters.slots) arrays.push_back(slot.get());
    return arrays;
}

template <typename T>
void write(Program<T>& program, Whole k, const std::vector<Array<T, 1>>& arrays, std::uint64_t step, std::uint64_t seed) {
    const auto lock = occupy(program);
    Machine<T>& machine = member(program, k);
    const auto to = arrays_of(machine);
    require(arrays.size() == to.size(), "state: another number of slots than the rule has");
    for (const auto& array : arrays) require(array.size() == parameters(program), "state: arrays must have θ's shape");
    for (std::size_t i = 0; i < to.size(); ++i) std::copy_n(arrays[i].data(), parameters(program), to[i]);
    machine.step = step, machine.seed = seed;
}

// As many of the state's arrays as are given, θ first.
template <typename T> std::uint64_t read(Program<T>& program, Whole k, const std::vector<Output<T, 1>>& arrays) {
    const auto lock = occupy(program);
    Machine<T>& machine = member(program, k);
    const auto from = arrays_of(machine);
    require(arrays.size() <= from.size(), "state: more slots than the rule has");
    for (const auto& array : arrays) require(array.size() == parameters(program), "state: arrays must have θ's shape");
    for (std::size_t i = 0; i < arrays.size(); ++i) std::copy_n(from[i], parameters(program), arrays[i].data());
    return machine.step;
}

// An array that owns its memory.
template <typename T> nb::object owned(Memory<T>&& memory) {
    auto moved = std::make_unique<Memory<T>>(std::move(memory));
    T* const numbers = moved->get();
    const auto n = static_cast<std::size_t>(moved->size());
    const nb::capsule owner(moved.get(), [](void* held) noexcept { delete static_cast<Memory<T>*>(held); });
    moved.release();
    return nb::cast(Output<T, 1>(numbers, {n}, owner), nb::rv_policy::reference);
}

// The arrays of all members' states, θ first, and the steps made; all else that the machines hold is freed.
template <typename T> nb::tuple release(Program<T>& program) {
    const auto lock = occupy(program);
    const std::uint64_t step = program.machines.front()->step;
    std::vector<Memory<T>> memory;
    for (const auto& machine : program.machines) {
        memory.push_back(std::move(machine->parameters.theta));
        for (Memory<T>& slot : machine->parameters.slots) memory.push_back(std::move(slot));
    }
    program.machines.clear();
    nb::list members;
    for (std::size_t i = 0; i < memory.size();) {
        nb::list arrays;
        for (int k = 0; k <= program.rule.slots; ++k) arrays.append(owned(std::move(memory[i++])));
        members.append(arrays);
    }
    return nb::make_tuple(members, step);
}

}  // namespace multilayer
