// What the registries of multilayer.formulas hold, in their order, with the printed formulas behind it.
// Printed by tools/print_formulas.py; edit the formulas instead.
#pragma once

#include <array>
#include <string_view>
#include <tuple>

#include "formulas.hpp"

namespace multilayer::tables {

constexpr int MOST_OPTIONS = 1;

struct IdentityActivation {
    static constexpr std::string_view name = "identity";
    static constexpr std::array<std::string_view, 0> options = {};
    static constexpr bool has_slope = true;
    static constexpr bool keeps_h = false;
    template <typename V> static V function(V z, const double*) { return activations::identity(z); }
    template <typename V> static V slope(V z, const double*) { return activations::identity_derivative(z); }
};

struct HeavisideActivation {
    static constexpr std::string_view name = "heaviside";
    static constexpr std::array<std::string_view, 0> options = {};
    static constexpr bool has_slope = false;
    static constexpr bool keeps_h = false;
    template <typename V> static V function(V z, const double*) { return activations::heaviside(z); }
};

struct SignActivation {
    static constexpr std::string_view name = "sign";
    static constexpr std::array<std::string_view, 0> options = {};
    static constexpr bool has_slope = false;
    static constexpr bool keeps_h = false;
    template <typename V> static V function(V z, const double*) { return activations::sign(z); }
};

struct SigmoidActivation {
    static constexpr std::string_view name = "sigmoid";
    static constexpr std::array<std::string_view, 0> options = {};
    static constexpr bool has_slope = true;
    static constexpr bool keeps_h = false;
    template <typename V> static V function(V z, const double*) { return activations::sigmoid(z); }
    template <typename V> static V slope(V z, const double*) { return activations::sigmoid_derivative(z); }
};

struct TanhActivation {
    static constexpr std::string_view name = "tanh";
    static constexpr std::array<std::string_view, 0> options = {};
    static constexpr bool has_slope = true;
    static constexpr bool keeps_h = false;
    template <typename V> static V function(V z, const double*) { return activations::tanh(z); }
    template <typename V> static V slope(V z, const double*) { return activations::tanh_derivative(z); }
};

struct ReluActivation {
    static constexpr std::string_view name = "relu";
    static constexpr std::array<std::string_view, 0> options = {};
    static constexpr bool has_slope = true;
    static constexpr bool keeps_h = true;
    template <typename V> static V function(V z, const double*) { return activations::relu(z); }
    template <typename V> static V slope(V h, const double*) { return activations::relu_derivative(h); }
};

struct LeakyReluActivation {
    static constexpr std::string_view name = "leaky_relu";
    static constexpr std::array<std::string_view, 1> options = {"slope"};
    static constexpr bool has_slope = true;
    static constexpr bool keeps_h = false;
    template <typename V> static V function(V z, const double* option) { return activations::leaky_relu(z, option[0]); }
    template <typename V> static V slope(V z, const double* option) {
        return activations::leaky_relu_derivative(z, option[0]);
    }
};

struct EluActivation {
    static constexpr std::string_view name = "elu";
    static constexpr std::array<std::string_view, 1> options = {"alpha"};
    static constexpr bool has_slope = true;
    static constexpr bool keeps_h = false;
    template <typename V> static V function(V z, const double* option) { return activations::elu(z, option[0]); }
    template <typename V> static V slope(V z, const double* option) {
        return activations::elu_derivative(z, option[0]);
    }
};

struct SeluActivation {
    static constexpr std::string_view name = "selu";
    static constexpr std::array<std::string_view, 0> options = {};
    static constexpr bool has_slope = true;
    static constexpr bool keeps_h = false;
    template <typename V> static V function(V z, const double*) { return activations::selu(z); }
    template <typename V> static V slope(V z, const double*) { return activations::selu_derivative(z); }
};

struct GeluActivation {
    static constexpr std::string_view name = "gelu";
    static constexpr std::array<std::string_view, 0> options = {};
    static constexpr bool has_slope = true;
    static constexpr bool keeps_h = false;
    template <typename V> static V function(V z, const double*) { return activations::gelu(z); }
    template <typename V> static V slope(V z, const double*) { return activations::gelu_derivative(z); }
};

struct SiluActivation {
    static constexpr std::string_view name = "silu";
    static constexpr std::array<std::string_view, 0> options = {};
    static constexpr bool has_slope = true;
    static constexpr bool keeps_h = false;
    template <typename V> static V function(V z, const double*) { return activations::silu(z); }
    template <typename V> static V slope(V z, const double*) { return activations::silu_derivative(z); }
};

struct MishActivation {
    static constexpr std::string_view name = "mish";
    static constexpr std::array<std::string_view, 0> options = {};
    static constexpr bool has_slope = true;
    static constexpr bool keeps_h = false;
    template <typename V> static V function(V z, const double*) { return activations::mish(z); }
    template <typename V> static V slope(V z, const double*) { return activations::mish_derivative(z); }
};

struct SoftplusActivation {
    static constexpr std::string_view name = "softplus";
    static constexpr std::array<std::string_view, 0> options = {};
    static constexpr bool has_slope = true;
    static constexpr bool keeps_h = false;
    template <typename V> static V function(V z, const double*) { return activations::softplus(z); }
    template <typename V> static V slope(V z, const double*) { return activations::softplus_derivative(z); }
};

struct SoftsignActivation {
    static constexpr std::string_view name = "softsign";
    static constexpr std::array<std::string_view, 0> options = {};
    static constexpr bool has_slope = true;
    static constexpr bool keeps_h = false;
    template <typename V> static V function(V z, const double*) { return activations::softsign(z); }
    template <typename V> static V slope(V z, const double*) { return activations::softsign_derivative(z); }
};

struct SqnlActivation {
    static constexpr std::string_view name = "sqnl";
    static constexpr std::array<std::string_view, 0> options = {};
    static constexpr bool has_slope = true;
    static constexpr bool keeps_h = false;
    template <typename V> static V function(V z, const double*) { return activations::sqnl(z); }
    template <typename V> static V slope(V z, const double*) { return activations::sqnl_derivative(z); }
};

struct SineActivation {
    static constexpr std::string_view name = "sine";
    static constexpr std::array<std::string_view, 0> options = {};
    static constexpr bool has_slope = true;
    static constexpr bool keeps_h = false;
    template <typename V> static V function(V z, const double*) { return activations::sine(z); }
    template <typename V> static V slope(V z, const double*) { return activations::sine_derivative(z); }
};

struct HardSigmoidActivation {
    static constexpr std::string_view name = "hard_sigmoid";
    static constexpr std::array<std::string_view, 0> options = {};
    static constexpr bool has_slope = true;
    static constexpr bool keeps_h = false;
    template <typename V> static V function(V z, const double*) { return activations::hard_sigmoid(z); }
    template <typename V> static V slope(V z, const double*) { return activations::hard_sigmoid_derivative(z); }
};

struct HardTanhActivation {
    static constexpr std::string_view name = "hard_tanh";
    static constexpr std::array<std::string_view, 0> options = {};
    static constexpr bool has_slope = true;
    static constexpr bool keeps_h = false;
    template <typename V> static V function(V z, const double*) { return activations::hard_tanh(z); }
    template <typename V> static V slope(V z, const double*) { return activations::hard_tanh_derivative(z); }
};

using Activations = std::tuple<IdentityActivation, HeavisideActivation, SignActivation, SigmoidActivation,
        TanhActivation, ReluActivation, LeakyReluActivation, EluActivation, SeluActivation, GeluActivation,
        SiluActivation, MishActivation, SoftplusActivation, SoftsignActivation, SqnlActivation, SineActivation,
        HardSigmoidActivation, HardTanhActivation>;

struct ExpOutput {
    static constexpr std::string_view name = "exp";
    static constexpr std::array<std::string_view, 0> options = {};
    template <typename V> static V function(V z, const double*) { return outputs::exponential(z); }
    template <typename V> static V vjp(V z, V f, V v) { return outputs::exponential_vjp(z, f, v); }
};

using Outputs = std::tuple<ExpOutput>;

struct SquaredLoss {
    static constexpr std::string_view name = "squared";
    static constexpr std::array<std::string_view, 0> options = {};
    template <typename V> static V value(V f, V y, const double*) { return losses::squared(f, y); }
    template <typename V> static V slope(V f, V y, const double*) { return losses::squared_derivative(f, y); }
};

struct AbsoluteLoss {
    static constexpr std::string_view name = "absolute";
    static constexpr std::array<std::string_view, 0> options = {};
    template <typename V> static V value(V f, V y, const double*) { return losses::absolute(f, y); }
    template <typename V> static V slope(V f, V y, const double*) { return losses::absolute_derivative(f, y); }
};

struct HuberLoss {
    static constexpr std::string_view name = "huber";
    static constexpr std::array<std::string_view, 1> options = {"delta"};
    template <typename V> static V value(V f, V y, const double* option) { return losses::huber(f, y, option[0]); }
    template <typename V> static V slope(V f, V y, const double* option) {
        return losses::huber_derivative(f, y, option[0]);
    }
};

struct QuantileLoss {
    static constexpr std::string_view name = "quantile";
    static constexpr std::array<std::string_view, 1> options = {"q"};
    template <typename V> static V value(V f, V y, const double* option) { return losses::quantile(f, y, option[0]); }
    template <typename V> static V slope(V f, V y, const double* option) {
        return losses::quantile_derivative(f, y, option[0]);
    }
};

struct PoissonLoss {
    static constexpr std::string_view name = "poisson";
    static constexpr std::array<std::string_view, 0> options = {};
    template <typename V> static V value(V f, V y, const double*) { return losses::poisson(f, y); }
    template <typename V> static V slope(V f, V y, const double*) { return losses::poisson_derivative(f, y); }
};

using Losses = std::tuple<SquaredLoss, AbsoluteLoss, HuberLoss, QuantileLoss, PoissonLoss>;

struct SquaredOfIdentity {
    static constexpr std::string_view name = "squared";
    static constexpr bool one_unit = true;
    static constexpr bool several_units = true;
    using Output = IdentityActivation;
    template <typename V> static V value(V f, V y) { return losses::squared(f, y); }
    template <typename V> static V delta(V z, V f, V y) { return own_losses::residual(z, f, y); }
};

struct CrossEntropyOfSigmoid {
    static constexpr std::string_view name = "cross_entropy";
    static constexpr bool one_unit = true;
    static constexpr bool several_units = true;
    using Output = SigmoidActivation;
    template <typename V> static V value(V z, V y) { return own_losses::binary_cross_entropy(z, y); }
    template <typename V> static V delta(V z, V f, V y) { return own_losses::residual(z, f, y); }
};

struct ClippedCrossEntropyOfSigmoid {
    static constexpr std::string_view name = "clipped_cross_entropy";
    static constexpr bool one_unit = true;
    static constexpr bool several_units = true;
    using Output = SigmoidActivation;
    template <typename V> static V value(V z, V y) { return own_losses::clipped_binary_cross_entropy(z, y); }
    template <typename V> static V delta(V z, V f, V y) { return own_losses::residual(z, f, y); }
};

struct PoissonOfExp {
    static constexpr std::string_view name = "poisson";
    static constexpr bool one_unit = true;
    static constexpr bool several_units = true;
    using Output = ExpOutput;
    template <typename V> static V value(V z, V y) { return own_losses::poisson_of_logarithm(z, y); }
    template <typename V> static V delta(V z, V f, V y) { return own_losses::residual(z, f, y); }
};

struct UnguardedPoissonOfExp {
    static constexpr std::string_view name = "unguarded_poisson";
    static constexpr bool one_unit = true;
    static constexpr bool several_units = true;
    using Output = ExpOutput;
    template <typename V> static V value(V z, V y) { return own_losses::unguarded_poisson(z, y); }
    template <typename V> static V delta(V z, V f, V y) { return own_losses::residual(z, f, y); }
};

struct PerceptronOfHeaviside {
    static constexpr std::string_view name = "perceptron";
    static constexpr bool one_unit = true;
    static constexpr bool several_units = true;
    using Output = HeavisideActivation;
    template <typename V> static V value(V z, V y) { return own_losses::threshold_perceptron(z, y); }
    template <typename V> static V delta(V z, V f, V y) { return own_losses::residual(z, f, y); }
};

struct PerceptronOfSign {
    static constexpr std::string_view name = "perceptron";
    static constexpr bool one_unit = true;
    static constexpr bool several_units = true;
    using Output = SignActivation;
    template <typename V> static V value(V z, V y) { return own_losses::bipolar_perceptron(z, y); }
    template <typename V> static V delta(V z, V f, V y) { return own_losses::bipolar_perceptron_delta(z, f, y); }
};

struct PerceptronOfIdentity {
    static constexpr std::string_view name = "perceptron";
    static constexpr bool one_unit = true;
    static constexpr bool several_units = false;
    using Output = IdentityActivation;
    template <typename V> static V value(V z, V y) { return own_losses::bipolar_perceptron(z, y); }
    template <typename V> static V delta(V z, V f, V y) { return own_losses::bipolar_perceptron_delta(z, f, y); }
};

struct HingeOfIdentity {
    static constexpr std::string_view name = "hinge";
    static constexpr bool one_unit = true;
    static constexpr bool several_units = false;
    using Output = IdentityActivation;
    template <typename V> static V value(V z, V y) { return own_losses::hinge(z, y); }
    template <typename V> static V delta(V z, V f, V y) { return own_losses::hinge_delta(z, f, y); }
};

using OwnLosses = std::tuple<SquaredOfIdentity, CrossEntropyOfSigmoid, ClippedCrossEntropyOfSigmoid, PoissonOfExp,
        UnguardedPoissonOfExp, PerceptronOfHeaviside, PerceptronOfSign, PerceptronOfIdentity, HingeOfIdentity>;

struct GradientDescentRule {
    static constexpr std::string_view name = "gradient_descent";
    static constexpr int slots = 0;
    static constexpr int scalars = 1;
    static constexpr int rate = 0;
    static constexpr bool full_batch = false;
    template <typename V> static void apply(V& theta, V g, V*, const double* scalar) {
        update_rules::gradient_descent(theta, g, scalar[0], theta);
    }
};

struct MomentumRule {
    static constexpr std::string_view name = "momentum";
    static constexpr int slots = 1;
    static constexpr int scalars = 2;
    static constexpr int rate = 0;
    static constexpr bool full_batch = false;
    template <typename V> static void apply(V& theta, V g, V* slot, const double* scalar) {
        update_rules::momentum(theta, g, slot[0], scalar[0], scalar[1], theta, slot[0]);
    }
};

struct NesterovRule {
    static constexpr std::string_view name = "nesterov";
    static constexpr int slots = 1;
    static constexpr int scalars = 2;
    static constexpr int rate = 0;
    static constexpr bool full_batch = false;
    template <typename V> static void apply(V& theta, V g, V* slot, const double* scalar) {
        update_rules::nesterov(theta, g, slot[0], scalar[0], scalar[1], theta, slot[0]);
    }
};

struct AdamRule {
    static constexpr std::string_view name = "adam";
    static constexpr int slots = 2;
    static constexpr int scalars = 6;
    static constexpr int rate = 0;
    static constexpr bool full_batch = false;
    template <typename V> static void apply(V& theta, V g, V* slot, const double* scalar) {
        update_rules::adam(theta, g, slot[0], slot[1], scalar[0], scalar[1], scalar[2], scalar[3], scalar[4], scalar[5],
                theta, slot[0], slot[1]);
    }
};

struct AdamSection2Rule {
    static constexpr std::string_view name = "adam_section_2";
    static constexpr int slots = 2;
    static constexpr int scalars = 6;
    static constexpr int rate = 0;
    static constexpr bool full_batch = false;
    template <typename V> static void apply(V& theta, V g, V* slot, const double* scalar) {
        update_rules::adam_section_2(theta, g, slot[0], slot[1], scalar[0], scalar[1], scalar[2], scalar[3], scalar[4],
                scalar[5], theta, slot[0], slot[1]);
    }
};

struct RmspropRule {
    static constexpr std::string_view name = "rmsprop";
    static constexpr int slots = 1;
    static constexpr int scalars = 3;
    static constexpr int rate = 0;
    static constexpr bool full_batch = false;
    template <typename V> static void apply(V& theta, V g, V* slot, const double* scalar) {
        update_rules::rmsprop(theta, g, slot[0], scalar[0], scalar[1], scalar[2], theta, slot[0]);
    }
};

struct AdagradRule {
    static constexpr std::string_view name = "adagrad";
    static constexpr int slots = 1;
    static constexpr int scalars = 2;
    static constexpr int rate = 0;
    static constexpr bool full_batch = false;
    template <typename V> static void apply(V& theta, V g, V* slot, const double* scalar) {
        update_rules::adagrad(theta, g, slot[0], scalar[0], scalar[1], theta, slot[0]);
    }
};

struct RpropRule {
    static constexpr std::string_view name = "rprop";
    static constexpr int slots = 2;
    static constexpr int scalars = 4;
    static constexpr int rate = -1;
    static constexpr bool full_batch = true;
    template <typename V> static void apply(V& theta, V g, V* slot, const double* scalar) {
        update_rules::rprop(theta, g, slot[0], slot[1], scalar[0], scalar[1], scalar[2], scalar[3], theta, slot[0],
                slot[1]);
    }
};

using Rules = std::tuple<GradientDescentRule, MomentumRule, NesterovRule, AdamRule, AdamSection2Rule, RmspropRule,
        AdagradRule, RpropRule>;

}  // namespace multilayer::tables
