// The plan of a network as the engine runs it: data only, made from the Python plan and checked there.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "elementwise.hpp"
#include "head.hpp"
#include "products.hpp"

namespace multilayer {

// A layer's slice of the flat vector θ, and how it is updated.
struct View {
    Index start = 0, rows = 0, columns = 0;
    double rate = 1, l1 = 0, l2 = 0, decay = 0;

    Index size() const { return rows * columns; }
};

enum class Kind { affine, elementwise, hinges, max_pool, dropout };

struct Operation {
    Kind kind = Kind::affine;
    Index units_in = 0, units_out = 0;
    int weight = -1, bias = -1;          // affine: views; no bias: −1
    int activation = -1;                 // elementwise: place in the table of activations
    std::vector<double> options;         //              its options, in the table's order
    int slope = -1, knee = -1;           // hinges: views
    int pieces = 1;                      // max_pool
    double rate = 0;                     // dropout: probability of being dropped
    std::uint32_t stream = 0;            //          number of its draws
};

struct Plan {
    Index n_inputs = 0, n_outputs = 0, n_parameters = 0;
    std::vector<Operation> operations;
    std::vector<View> views;
    Head head;
    bool mean = true;              // over the rows of a batch, by weight; else the sum
    bool penalty_in_mean = false;  // the penalty is divided by the batch's weight too
    bool proximal = false;         // penalties act after the rule; else by their gradient before it
    std::optional<double> clip_norm, clip_value;
};

inline bool penalised(const Plan& plan) {
    for (const View& v : plan.views) {
        if (v.l1 != 0 || v.l2 != 0) return true;
    }
    return false;
}

// Place of the first affine operation: nothing below it needs a gradient.
inline int first_affine(const Plan& plan) {
    int i = 0;
    while (plan.operations[static_cast<std::size_t>(i)].kind != Kind::affine) ++i;
    return i;
}

}  // namespace multilayer
