// A plan put together operation by operation, each checked against what stands before it.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "plan.hpp"

namespace multilayer {

inline void require_plan(bool holds, const char* what) {
    if (!holds) throw std::invalid_argument(std::string("plan: ") + what);
}

inline Index units_after(const Plan& plan) {
    return plan.operations.empty() ? plan.n_inputs : plan.operations.back().units_out;
}

inline const View& view_of(const Plan& plan, int v, Index rows, Index columns) {
    require_plan(0 <= v && v < static_cast<int>(plan.views.size()), "there is no such view");
    const View& view = plan.views[static_cast<std::size_t>(v)];
    require_plan((rows < 0 || view.rows == rows) && (columns < 0 || view.columns == columns), "a view has another shape");
    return view;
}

inline Operation& append(Plan& plan, Kind kind) {
    Operation o;
    o.kind = kind, o.units_in = o.units_out = units_after(plan);
    return plan.operations.emplace_back(o);
}

inline void add_affine(Plan& plan, int weight, int bias) {
    const Index rows = view_of(plan, weight, -1, units_after(plan)).rows;
    if (bias >= 0) view_of(plan, bias, rows, 1);
    Operation& o = append(plan, Kind::affine);
    o.weight = weight, o.bias = bias, o.units_out = rows;
}

inline void add_elementwise(Plan& plan, std::string_view name, std::vector<double> options) {
    const int activation = find_activation(name);
    require_plan(activation >= 0, "an activation is unknown");
    require_plan(options.size() == facts_of(activation).n_options, "an activation has another number of options");
    Operation& o = append(plan, Kind::elementwise);
    o.activation = activation, o.options = std::move(options);
}

inline void add_hinges(Plan& plan, int slope, int knee) {
    const Index rows = view_of(plan, slope, -1, units_after(plan)).rows;
    view_of(plan, knee, rows, units_after(plan));
    Operation& o = append(plan, Kind::hinges);
    o.slope = slope, o.knee = knee;
}

inline void add_max_pool(Plan& plan, int pieces) {
    require_plan(pieces >= 1 && units_after(plan) % pieces == 0, "units must be a multiple of the pieces");
    Operation& o = append(plan, Kind::max_pool);
    o.pieces = pieces, o.units_out = o.units_in / pieces;
}

inline void add_dropout(Plan& plan, double rate, std::uint32_t stream) {
    require_plan(0 <= rate && rate < 1, "a dropout rate must be in [0, 1)");
    Operation& o = append(plan, Kind::dropout);
    o.rate = rate, o.stream = stream;
}

// Whether a gradient passes through all operations.
inline bool has_gradient(const Plan& plan) {
    for (const Operation& o : plan.operations) {
        if (o.kind == Kind::elementwise && !has_slope(o.activation)) return false;
    }
    return true;
}

// Whether the operations end in an affine one and the views cover θ one after the other.
inline void require_whole(const Plan& plan) {
    require_plan(!plan.operations.empty() && plan.operations.back().kind == Kind::affine, "the last operation must be affine");
    require_plan(plan.n_outputs == plan.operations.back().units_out, "has no head");
    Index start = 0;
    for (const View& v : plan.views) {
        require_plan(v.start == start && v.rows >= 1 && v.columns >= 1, "views must cover θ without gaps");
        start += v.size();
    }
}

}  // namespace multilayer
