// Printed by tools/print_formulas.py; edit the formulas instead.
#pragma once

#include "elementary.hpp"

namespace multilayer::activations {

// Identity, the linear unit.
template <typename T>
inline T identity(T z) {
    return z;
}

// Slope of `identity`: 1 (NaN where z is NaN).
template <typename T>
inline T identity_derivative(T z) {
    const auto t1 = z == z;
    const T t2 = elementary::where(t1, T(1.0), z);
    return t2;
}

// Heaviside step.
template <typename T>
inline T heaviside(T z) {
    const auto t1 = z >= T(0.0);
    const auto t2 = z < T(0.0);
    const T t3 = elementary::where(t2, T(0.0), z);
    const T t4 = elementary::where(t1, T(1.0), t3);
    return t4;
}

// Sign, the threshold of bipolar units.
template <typename T>
inline T sign(T z) {
    const auto t1 = z >= T(0.0);
    const auto t2 = z < T(0.0);
    const T t3 = elementary::where(t2, T(-1.0), z);
    const T t4 = elementary::where(t1, T(1.0), t3);
    return t4;
}

// Logistic sigmoid.
template <typename T>
inline T sigmoid(T z) {
    const T t1 = elementary::abs(z);
    const T t2 = -t1;
    const T t3 = elementary::exp(t2);
    const auto t4 = z >= T(0.0);
    const T t5 = elementary::where(t4, T(1.0), t3);
    const T t6 = T(1.0) + t3;
    const T t7 = t5 / t6;
    return t7;
}

// Slope of `sigmoid`.
template <typename T>
inline T sigmoid_derivative(T z) {
    const T t1 = elementary::abs(z);
    const T t2 = -t1;
    const T t3 = elementary::exp(t2);
    const T t4 = T(1.0) + t3;
    const T t5 = t4 * t4;
    const T t6 = t3 / t5;
    return t6;
}

// Hyperbolic tangent.
template <typename T>
inline T tanh(T z) {
    const T t1 = elementary::tanh(z);
    return t1;
}

// Slope of `tanh`.
template <typename T>
inline T tanh_derivative(T z) {
    const T t1 = elementary::abs(z);
    const T t2 = -t1;
    const T t3 = elementary::exp(t2);
    const T t4 = T(2.0) * t3;
    const T t5 = t3 * t3;
    const T t6 = T(1.0) + t5;
    const T t7 = t4 / t6;
    const T t8 = t7 * t7;
    return t8;
}

// Rectified linear unit.
template <typename T>
inline T relu(T z) {
    const T t1 = elementary::maximum(z, T(0.0));
    return t1;
}

// Slope of `relu` from its value: h is positive exactly where z is, and elsewhere is itself the slope 0.
template <typename T>
inline T relu_derivative(T h) {
    const auto t1 = h > T(0.0);
    const T t2 = elementary::where(t1, T(1.0), h);
    return t2;
}

// Leaky rectified linear unit.
template <typename T>
inline T leaky_relu(T z, double slope) {
    const T t1 = elementary::maximum(z, T(0.0));
    const T t2 = elementary::minimum(z, T(0.0));
    const T t3 = T(slope) * t2;
    const T t4 = t1 + t3;
    return t4;
}

// Slope of `leaky_relu`.
template <typename T>
inline T leaky_relu_derivative(T z, double slope) {
    const auto t1 = z > T(0.0);
    const auto t2 = z <= T(0.0);
    const T t3 = elementary::where(t2, T(slope), z);
    const T t4 = elementary::where(t1, T(1.0), t3);
    return t4;
}

// Exponential linear unit.
template <typename T>
inline T elu(T z, double alpha) {
    const T t1 = elementary::maximum(z, T(0.0));
    const T t2 = elementary::minimum(z, T(0.0));
    const T t3 = elementary::expm1(t2);
    const T t4 = T(alpha) * t3;
    const T t5 = t1 + t4;
    return t5;
}

// Slope of `elu`.
template <typename T>
inline T elu_derivative(T z, double alpha) {
    const auto t1 = z > T(0.0);
    const T t2 = elementary::minimum(z, T(0.0));
    const T t3 = elementary::exp(t2);
    const T t4 = T(alpha) * t3;
    const T t5 = elementary::where(t1, T(1.0), t4);
    return t5;
}

// Scaled exponential linear unit.
template <typename T>
inline T selu(T z) {
    const T t1 = elementary::maximum(z, T(0.0));
    const T t2 = elementary::minimum(z, T(0.0));
    const T t3 = elementary::expm1(t2);
    const T t4 = T(1.6732632423543772) * t3;
    const T t5 = t1 + t4;
    const T t6 = T(1.0507009873554805) * t5;
    return t6;
}

// Slope of `selu`.
template <typename T>
inline T selu_derivative(T z) {
    const auto t1 = z > T(0.0);
    const T t2 = elementary::minimum(z, T(0.0));
    const T t3 = elementary::exp(t2);
    const T t4 = T(1.6732632423543772) * t3;
    const T t5 = elementary::where(t1, T(1.0), t4);
    const T t6 = T(1.0507009873554805) * t5;
    return t6;
}

// Gaussian error linear unit, exact.
template <typename T>
inline T gelu(T z) {
    const T t1 = elementary::maximum(z, T(-40.0));
    const T t2 = T(-0.7071067811865476) * t1;
    const T t3 = elementary::erfc(t2);
    const T t4 = T(0.5) * t3;
    const T t5 = t1 * t4;
    return t5;
}

// Slope of `gelu`.
template <typename T>
inline T gelu_derivative(T z) {
    const T t1 = elementary::maximum(z, T(-40.0));
    const T t2 = elementary::minimum(t1, T(40.0));
    const T t3 = T(-0.7071067811865476) * t2;
    const T t4 = elementary::erfc(t3);
    const T t5 = T(0.5) * t4;
    const T t6 = t2 * t2;
    const T t7 = T(-0.5) * t6;
    const T t8 = elementary::exp(t7);
    const T t9 = T(0.3989422804014327) * t8;
    const T t10 = t2 * t9;
    const T t11 = t5 + t10;
    return t11;
}

// Sigmoid-weighted linear unit (swish).
template <typename T>
inline T silu(T z) {
    const T t1 = elementary::maximum(z, T(-800.0));
    const T t2 = elementary::abs(t1);
    const T t3 = -t2;
    const T t4 = elementary::exp(t3);
    const auto t5 = t1 >= T(0.0);
    const T t6 = elementary::where(t5, T(1.0), t4);
    const T t7 = T(1.0) + t4;
    const T t8 = t6 / t7;
    const T t9 = t1 * t8;
    return t9;
}

// Slope of `silu`.
template <typename T>
inline T silu_derivative(T z) {
    const T t1 = elementary::maximum(z, T(-800.0));
    const T t2 = elementary::minimum(t1, T(800.0));
    const T t3 = elementary::abs(t2);
    const T t4 = -t3;
    const T t5 = elementary::exp(t4);
    const auto t6 = t2 >= T(0.0);
    const T t7 = elementary::where(t6, T(1.0), t5);
    const T t8 = T(1.0) + t5;
    const T t9 = t7 / t8;
    const T t10 = t8 * t8;
    const T t11 = t5 / t10;
    const T t12 = t2 * t11;
    const T t13 = t9 + t12;
    return t13;
}

// Mish.
template <typename T>
inline T mish(T z) {
    const T t1 = elementary::maximum(z, T(-800.0));
    const T t2 = elementary::maximum(t1, T(0.0));
    const T t3 = elementary::abs(t1);
    const T t4 = -t3;
    const T t5 = elementary::exp(t4);
    const T t6 = elementary::log1p(t5);
    const T t7 = t2 + t6;
    const T t8 = elementary::tanh(t7);
    const T t9 = t1 * t8;
    return t9;
}

// Slope of `mish`.
template <typename T>
inline T mish_derivative(T z) {
    const T t1 = elementary::maximum(z, T(-800.0));
    const T t2 = elementary::minimum(t1, T(800.0));
    const T t3 = elementary::maximum(t2, T(0.0));
    const T t4 = elementary::abs(t2);
    const T t5 = -t4;
    const T t6 = elementary::exp(t5);
    const T t7 = elementary::log1p(t6);
    const T t8 = t3 + t7;
    const T t9 = elementary::tanh(t8);
    const T t10 = elementary::abs(t8);
    const T t11 = -t10;
    const T t12 = elementary::exp(t11);
    const T t13 = T(2.0) * t12;
    const T t14 = t12 * t12;
    const T t15 = T(1.0) + t14;
    const T t16 = t13 / t15;
    const T t17 = t16 * t16;
    const auto t18 = t2 >= T(0.0);
    const T t19 = elementary::where(t18, T(1.0), t6);
    const T t20 = T(1.0) + t6;
    const T t21 = t19 / t20;
    const T t22 = t17 * t21;
    const T t23 = t2 * t22;
    const T t24 = t9 + t23;
    return t24;
}

// Softplus, the smooth rectifier.
template <typename T>
inline T softplus(T z) {
    const T t1 = elementary::maximum(z, T(0.0));
    const T t2 = elementary::abs(z);
    const T t3 = -t2;
    const T t4 = elementary::exp(t3);
    const T t5 = elementary::log1p(t4);
    const T t6 = t1 + t5;
    return t6;
}

// Slope of `softplus`.
template <typename T>
inline T softplus_derivative(T z) {
    const T t1 = elementary::abs(z);
    const T t2 = -t1;
    const T t3 = elementary::exp(t2);
    const auto t4 = z >= T(0.0);
    const T t5 = elementary::where(t4, T(1.0), t3);
    const T t6 = T(1.0) + t3;
    const T t7 = t5 / t6;
    return t7;
}

// Softsign.
template <typename T>
inline T softsign(T z) {
    const T t1 = elementary::maximum(z, T(-1e+17));
    const T t2 = elementary::minimum(t1, T(1e+17));
    const T t3 = elementary::abs(t2);
    const T t4 = T(1.0) + t3;
    const T t5 = t2 / t4;
    return t5;
}

// Slope of `softsign`.
template <typename T>
inline T softsign_derivative(T z) {
    const T t1 = elementary::abs(z);
    const T t2 = T(1.0) + t1;
    const T t3 = T(1.0) / t2;
    const T t4 = t3 * t3;
    return t4;
}

// Square nonlinearity.
template <typename T>
inline T sqnl(T z) {
    const T t1 = elementary::maximum(z, T(-2.0));
    const T t2 = elementary::minimum(t1, T(2.0));
    const T t3 = elementary::abs(t2);
    const T t4 = t2 * t3;
    const T t5 = T(0.25) * t4;
    const T t6 = t2 - t5;
    return t6;
}

// Slope of `sqnl`.
template <typename T>
inline T sqnl_derivative(T z) {
    const T t1 = elementary::maximum(z, T(-2.0));
    const T t2 = elementary::minimum(t1, T(2.0));
    const T t3 = elementary::abs(t2);
    const T t4 = T(0.5) * t3;
    const T t5 = T(1.0) - t4;
    return t5;
}

// Sine.
template <typename T>
inline T sine(T z) {
    const T t1 = elementary::sin(z);
    return t1;
}

// Slope of `sine`.
template <typename T>
inline T sine_derivative(T z) {
    const T t1 = elementary::cos(z);
    return t1;
}

// Hard sigmoid.
template <typename T>
inline T hard_sigmoid(T z) {
    const T t1 = z + T(3.0);
    const T t2 = elementary::maximum(t1, T(0.0));
    const T t3 = elementary::minimum(t2, T(6.0));
    const T t4 = t3 / T(6.0);
    return t4;
}

// Slope of `hard_sigmoid`; 0 at the kinks ∓3.
template <typename T>
inline T hard_sigmoid_derivative(T z) {
    const T t1 = elementary::abs(z);
    const auto t2 = t1 < T(3.0);
    const auto t3 = t1 >= T(3.0);
    const T t4 = elementary::where(t3, T(0.0), z);
    const T t5 = elementary::where(t2, T(0.16666666666666666), t4);
    return t5;
}

// Hard hyperbolic tangent.
template <typename T>
inline T hard_tanh(T z) {
    const T t1 = elementary::maximum(z, T(-1.0));
    const T t2 = elementary::minimum(t1, T(1.0));
    return t2;
}

// Slope of `hard_tanh`; 0 at the kinks ∓1.
template <typename T>
inline T hard_tanh_derivative(T z) {
    const T t1 = elementary::abs(z);
    const auto t2 = t1 < T(1.0);
    const auto t3 = t1 >= T(1.0);
    const T t4 = elementary::where(t3, T(0.0), z);
    const T t5 = elementary::where(t2, T(1.0), t4);
    return t5;
}

}  // namespace multilayer::activations

namespace multilayer::hinges {

// a·max(0, k − z).
template <typename T>
inline T hinge(T z, T slope, T knee) {
    const T t1 = knee - z;
    const T t2 = elementary::maximum(t1, T(0.0));
    const T t3 = slope * t2;
    return t3;
}

// ∂hinge/∂z = −a·1[z < k].
template <typename T>
inline T hinge_z(T z, T slope, T knee) {
    const auto t1 = z < knee;
    const T t2 = -slope;
    const T t3 = elementary::where(t1, t2, T(0.0));
    return t3;
}

// ∂hinge/∂a = max(0, k − z).
template <typename T>
inline T hinge_slope(T z, T knee) {
    const T t1 = knee - z;
    const T t2 = elementary::maximum(t1, T(0.0));
    return t2;
}

// ∂hinge/∂k = a·1[z < k].
template <typename T>
inline T hinge_knee(T z, T slope, T knee) {
    const auto t1 = z < knee;
    const T t2 = elementary::where(t1, slope, T(0.0));
    return t2;
}

}  // namespace multilayer::hinges

namespace multilayer::outputs {

// Exponential output, for counts: the inverse of Poisson regression's logarithmic link.
template <typename T>
inline T exponential(T z) {
    const T t1 = elementary::exp(z);
    return t1;
}

// Vector–Jacobian product of `exponential`.
template <typename T>
inline T exponential_vjp(T /*z*/, T f, T v) {
    const T t1 = f * v;
    return t1;
}

}  // namespace multilayer::outputs

namespace multilayer::losses {

// Squared loss.
template <typename T>
inline T squared(T f, T y) {
    const T t1 = f - y;
    const T t2 = t1 * t1;
    const T t3 = T(0.5) * t2;
    return t3;
}

// Derivative of `squared`.
template <typename T>
inline T squared_derivative(T f, T y) {
    const T t1 = f - y;
    return t1;
}

// Absolute loss.
template <typename T>
inline T absolute(T f, T y) {
    const T t1 = f - y;
    const T t2 = elementary::abs(t1);
    return t2;
}

// Derivative of `absolute`.
template <typename T>
inline T absolute_derivative(T f, T y) {
    const T t1 = f - y;
    const auto t2 = t1 > T(0.0);
    const auto t3 = t1 < T(0.0);
    const T t4 = elementary::where(t3, T(-1.0), t1);
    const T t5 = elementary::where(t2, T(1.0), t4);
    return t5;
}

// Huber loss.
template <typename T>
inline T huber(T f, T y, double delta) {
    const T t1 = f - y;
    const T t2 = elementary::abs(t1);
    const T t3 = elementary::minimum(t2, T(delta));
    const T t4 = T(0.5) * t3;
    const T t5 = t2 - t4;
    const T t6 = t3 * t5;
    return t6;
}

// Derivative of `huber`.
template <typename T>
inline T huber_derivative(T f, T y, double delta) {
    const T t1 = f - y;
    const double t2 = -delta;
    const T t3 = elementary::maximum(t1, T(t2));
    const T t4 = elementary::minimum(t3, T(delta));
    return t4;
}

// Quantile loss (pinball loss).
template <typename T>
inline T quantile(T f, T y, double q) {
    const T t1 = f - y;
    const T t2 = -t1;
    const T t3 = elementary::maximum(t2, T(0.0));
    const T t4 = T(q) * t3;
    const double t5 = 1.0 - q;
    const T t6 = elementary::maximum(t1, T(0.0));
    const T t7 = T(t5) * t6;
    const T t8 = t4 + t7;
    return t8;
}

// Derivative of `quantile`.
template <typename T>
inline T quantile_derivative(T f, T y, double q) {
    const T t1 = f - y;
    const auto t2 = t1 > T(0.0);
    const double t3 = 1.0 - q;
    const auto t4 = t1 < T(0.0);
    const double t5 = -q;
    const T t6 = elementary::where(t4, T(t5), t1);
    const T t7 = elementary::where(t2, T(t3), t6);
    return t7;
}

// Poisson loss, half the unit deviance.
template <typename T>
inline T poisson(T f, T y) {
    const auto t1 = y > T(0.0);
    const T t2 = elementary::where(t1, f, T(1.0));
    const T t3 = elementary::log(t2);
    const T t4 = elementary::where(t1, y, T(1.0));
    const T t5 = elementary::log(t4);
    const T t6 = t3 - t5;
    const T t7 = f - y;
    const T t8 = y * t6;
    const T t9 = t7 - t8;
    return t9;
}

// Derivative of `poisson`; 1 at f = y = 0.
template <typename T>
inline T poisson_derivative(T f, T y) {
    const auto t1 = f == T(0.0);
    const auto t2 = y == T(0.0);
    const auto t3 = t1 & t2;
    const T t4 = elementary::where(t3, T(1.0), f);
    const T t5 = y / t4;
    const T t6 = T(1.0) - t5;
    return t6;
}

}  // namespace multilayer::losses

namespace multilayer::own_losses {

// Output minus target, δ of every output with the loss that matches it.
template <typename T>
inline T residual(T /*z*/, T f, T y) {
    const T t1 = f - y;
    return t1;
}

// Cross-entropy of sigmoid units.
template <typename T>
inline T binary_cross_entropy(T z, T y) {
    const auto t1 = z >= T(0.0);
    const T t2 = T(1.0) - y;
    const auto t3 = z < T(0.0);
    const T t4 = elementary::where(t3, y, z);
    const T t5 = elementary::where(t1, t2, t4);
    const auto t6 = t5 == T(0.0);
    const T t7 = elementary::abs(z);
    const T t8 = elementary::where(t6, T(0.0), t7);
    const T t9 = t5 * t8;
    const T t10 = -t7;
    const T t11 = elementary::exp(t10);
    const T t12 = elementary::log1p(t11);
    const T t13 = t9 + t12;
    return t13;
}

// Cross-entropy of sigmoid units whose outputs count as no closer to 0 and 1 than the dtype's machine epsilon.
template <typename T>
inline T clipped_binary_cross_entropy(T z, T y) {
    const T t1 = elementary::epsilon(z);
    const T t2 = elementary::abs(z);
    const T t3 = -t2;
    const T t4 = elementary::exp(t3);
    const auto t5 = z >= T(0.0);
    const T t6 = elementary::where(t5, T(1.0), t4);
    const T t7 = T(1.0) + t4;
    const T t8 = t6 / t7;
    const T t9 = elementary::maximum(t8, t1);
    const T t10 = T(1.0) - t1;
    const T t11 = elementary::minimum(t9, t10);
    const T t12 = elementary::log(t11);
    const T t13 = y * t12;
    const T t14 = T(1.0) - y;
    const T t15 = T(1.0) - t11;
    const T t16 = elementary::log(t15);
    const T t17 = t14 * t16;
    const T t18 = t13 + t17;
    const T t19 = -t18;
    return t19;
}

// Poisson loss of exponential units, half the unit deviance.
template <typename T>
inline T poisson_of_logarithm(T z, T y) {
    const T t1 = elementary::minimum(z, T(710.0));
    const auto t2 = y > T(0.0);
    const T t3 = elementary::where(t2, y, T(1.0));
    const T t4 = elementary::log(t3);
    const T t5 = t1 - t4;
    const T t6 = elementary::exp(z);
    const T t7 = t6 - y;
    const auto t8 = y == T(0.0);
    const T t9 = elementary::where(t8, T(0.0), t5);
    const T t10 = y * t9;
    const T t11 = t7 - t10;
    return t11;
}

// Poisson loss of exponential units, from their outputs as they come.
template <typename T>
inline T unguarded_poisson(T z, T y) {
    const T t1 = elementary::exp(z);
    const T t2 = y / t1;
    const auto t3 = y > T(0.0);
    const T t4 = T(1.0) + t2;
    const T t5 = elementary::where(t3, t2, t4);
    const T t6 = elementary::log(t5);
    const T t7 = y * t6;
    const T t8 = t7 - y;
    const T t9 = t8 + t1;
    return t9;
}

// Perceptron loss of a threshold unit with targets 0 and 1.
template <typename T>
inline T threshold_perceptron(T z, T y) {
    const auto t1 = z >= T(0.0);
    const T t2 = T(1.0) - y;
    const auto t3 = z < T(0.0);
    const T t4 = elementary::where(t3, y, z);
    const T t5 = elementary::where(t1, t2, t4);
    const auto t6 = t5 == T(0.0);
    const T t7 = elementary::abs(z);
    const T t8 = elementary::where(t6, T(0.0), t7);
    const T t9 = t5 * t8;
    return t9;
}

// Perceptron loss of one unit with targets −1 and +1.
template <typename T>
inline T bipolar_perceptron(T z, T y) {
    const T t1 = T(1.0) + y;
    const T t2 = T(0.5) * t1;
    const auto t3 = z >= T(0.0);
    const T t4 = T(1.0) - t2;
    const auto t5 = z < T(0.0);
    const T t6 = elementary::where(t5, t2, z);
    const T t7 = elementary::where(t3, t4, t6);
    const auto t8 = t7 == T(0.0);
    const T t9 = elementary::abs(z);
    const T t10 = elementary::where(t8, T(0.0), t9);
    const T t11 = t7 * t10;
    return t11;
}

// δ of `bipolar_perceptron`.
template <typename T>
inline T bipolar_perceptron_delta(T z, T /*f*/, T y) {
    const auto t1 = z >= T(0.0);
    const auto t2 = z < T(0.0);
    const T t3 = elementary::where(t2, T(-1.0), z);
    const T t4 = elementary::where(t1, T(1.0), t3);
    const T t5 = t4 - y;
    const T t6 = T(0.5) * t5;
    return t6;
}

// Hinge loss of one unit with targets −1 and +1.
template <typename T>
inline T hinge(T z, T y) {
    const T t1 = y * z;
    const T t2 = T(1.0) - t1;
    const T t3 = elementary::maximum(t2, T(0.0));
    return t3;
}

// δ of `hinge`.
template <typename T>
inline T hinge_delta(T z, T /*f*/, T y) {
    const T t1 = y * z;
    const T t2 = T(1.0) - t1;
    const auto t3 = t2 > T(0.0);
    const T t4 = -y;
    const auto t5 = t2 <= T(0.0);
    const T t6 = elementary::where(t5, T(0.0), t2);
    const T t7 = elementary::where(t3, t4, t6);
    return t7;
}

}  // namespace multilayer::own_losses

namespace multilayer::penalties {

// L1 penalty (lasso).
template <typename T>
inline T l1(T theta, double strength) {
    const T t1 = elementary::abs(theta);
    const T t2 = T(strength) * t1;
    return t2;
}

// Gradient of `l1`; 0 at 0.
template <typename T>
inline T l1_gradient(T theta, double strength) {
    const auto t1 = theta > T(0.0);
    const auto t2 = theta < T(0.0);
    const double t3 = -strength;
    const T t4 = elementary::where(t2, T(t3), theta);
    const T t5 = elementary::where(t1, T(strength), t4);
    return t5;
}

// Proximal step of `l1`: soft thresholding.
template <typename T>
inline T l1_proximal(T theta, double strength, double rate) {
    const double t1 = rate * strength;
    const T t2 = theta - T(t1);
    const T t3 = elementary::maximum(t2, T(0.0));
    const T t4 = theta + T(t1);
    const T t5 = elementary::minimum(t4, T(0.0));
    const T t6 = t3 + t5;
    return t6;
}

// L2 penalty (ridge).
template <typename T>
inline T l2(T theta, double strength) {
    const double t1 = 0.5 * strength;
    const T t2 = theta * theta;
    const T t3 = T(t1) * t2;
    return t3;
}

// Gradient of `l2`.
template <typename T>
inline T l2_gradient(T theta, double strength) {
    const T t1 = T(strength) * theta;
    return t1;
}

// Proximal step of `l2`: shrinking.
template <typename T>
inline T l2_proximal(T theta, double strength, double rate) {
    const double t1 = rate * strength;
    const double t2 = 1.0 + t1;
    const T t3 = theta / T(t2);
    return t3;
}

// Proximal step of the elastic net λ₁|θ| + ½λ₂θ²: soft thresholding, then shrinking.
template <typename T>
inline T elastic_net_proximal(T theta, double l1, double l2, double rate) {
    const double t1 = rate * l1;
    const T t2 = theta - T(t1);
    const T t3 = elementary::maximum(t2, T(0.0));
    const T t4 = theta + T(t1);
    const T t5 = elementary::minimum(t4, T(0.0));
    const T t6 = t3 + t5;
    const double t7 = rate * l2;
    const double t8 = 1.0 + t7;
    const T t9 = t6 / T(t8);
    return t9;
}

// Decoupled weight decay, the last line of an AdamW step.
template <typename T>
inline T weight_decay(T theta_new, T theta_old, double rate, double decay) {
    const double t1 = rate * decay;
    const T t2 = T(t1) * theta_old;
    const T t3 = theta_new - t2;
    return t3;
}

}  // namespace multilayer::penalties

namespace multilayer::clipping {

// Clip each entry.
template <typename T>
inline T clip_value(T g, double limit) {
    const double t1 = -limit;
    const T t2 = elementary::maximum(g, T(t1));
    const T t3 = elementary::minimum(t2, T(limit));
    return t3;
}

// Shorten a gradient to a largest length, keeping its direction.
template <typename T>
inline T clip_norm(T g, double norm, double limit) {
    const double t1 = elementary::maximum(norm, limit);
    const double t2 = limit / t1;
    const T t3 = g * T(t2);
    return t3;
}

}  // namespace multilayer::clipping

namespace multilayer::update_rules {

// Gradient descent.
template <typename T>
inline void gradient_descent(T theta, T g, double rate, T& theta_new) {
    const T t1 = T(rate) * g;
    const T t2 = theta - t1;
    theta_new = t2;
}

// Gradient descent with momentum.
template <typename T>
inline void momentum(T theta, T g, T velocity, double rate, double momentum, T& theta_new, T& velocity_new) {
    const T t1 = T(momentum) * velocity;
    const T t2 = T(rate) * g;
    const T t3 = t1 - t2;
    const T t4 = theta + t3;
    theta_new = t4;
    velocity_new = t3;
}

// Nesterov's momentum.
template <typename T>
inline void nesterov(T theta, T g, T velocity, double rate, double momentum, T& theta_new, T& velocity_new) {
    const T t1 = T(momentum) * velocity;
    const T t2 = T(rate) * g;
    const T t3 = t1 - t2;
    const T t4 = T(momentum) * t3;
    const T t5 = t4 - t2;
    const T t6 = theta + t5;
    theta_new = t6;
    velocity_new = t3;
}

// Adam.
template <typename T>
inline void adam(T theta, T g, T m, T v, double rate, double b1, double b2, double eps, double c1, double c2,
        T& theta_new, T& m_new, T& v_new) {
    const T t1 = T(b1) * m;
    const double t2 = 1.0 - b1;
    const T t3 = T(t2) * g;
    const T t4 = t1 + t3;
    const T t5 = T(b2) * v;
    const double t6 = 1.0 - b2;
    const T t7 = g * g;
    const T t8 = T(t6) * t7;
    const T t9 = t5 + t8;
    const double t10 = rate / c1;
    const T t11 = T(t10) * t4;
    const T t12 = elementary::sqrt(t9);
    const double t13 = elementary::sqrt(c2);
    const double t14 = 1.0 / t13;
    const T t15 = t12 * T(t14);
    const T t16 = t15 + T(eps);
    const T t17 = t11 / t16;
    const T t18 = theta - t17;
    theta_new = t18;
    m_new = t4;
    v_new = t9;
}

// Adam with its corrections gathered in the rate, as scikit-learn has it.
template <typename T>
inline void adam_section_2(T theta, T g, T m, T v, double rate, double b1, double b2, double eps, double c1, double c2,
        T& theta_new, T& m_new, T& v_new) {
    const T t1 = T(b1) * m;
    const double t2 = 1.0 - b1;
    const T t3 = T(t2) * g;
    const T t4 = t1 + t3;
    const T t5 = T(b2) * v;
    const double t6 = 1.0 - b2;
    const T t7 = g * g;
    const T t8 = T(t6) * t7;
    const T t9 = t5 + t8;
    const double t10 = elementary::sqrt(c2);
    const double t11 = rate * t10;
    const double t12 = t11 / c1;
    const T t13 = T(t12) * t4;
    const T t14 = elementary::sqrt(t9);
    const T t15 = t14 + T(eps);
    const T t16 = t13 / t15;
    const T t17 = theta - t16;
    theta_new = t17;
    m_new = t4;
    v_new = t9;
}

// RMSprop.
template <typename T>
inline void rmsprop(T theta, T g, T v, double rate, double decay, double eps, T& theta_new, T& v_new) {
    const T t1 = T(decay) * v;
    const double t2 = 1.0 - decay;
    const T t3 = g * g;
    const T t4 = T(t2) * t3;
    const T t5 = t1 + t4;
    const T t6 = T(rate) * g;
    const T t7 = elementary::sqrt(t5);
    const T t8 = t7 + T(eps);
    const T t9 = t6 / t8;
    const T t10 = theta - t9;
    theta_new = t10;
    v_new = t5;
}

// Adagrad.
template <typename T>
inline void adagrad(T theta, T g, T squares, double rate, double eps, T& theta_new, T& squares_new) {
    const T t1 = g * g;
    const T t2 = squares + t1;
    const T t3 = T(rate) * g;
    const T t4 = elementary::sqrt(t2);
    const T t5 = t4 + T(eps);
    const T t6 = t3 / t5;
    const T t7 = theta - t6;
    theta_new = t7;
    squares_new = t2;
}

// Rprop, in the variant iRprop−.
template <typename T>
inline void rprop(T theta, T g, T previous_gradient, T step_size, double eta_minus, double eta_plus, double step_min,
        double step_max, T& theta_new, T& previous_gradient_new, T& step_size_new) {
    const auto t1 = g > T(0.0);
    const auto t2 = previous_gradient > T(0.0);
    const auto t3 = t1 & t2;
    const auto t4 = g < T(0.0);
    const auto t5 = previous_gradient < T(0.0);
    const auto t6 = t4 & t5;
    const auto t7 = t3 | t6;
    const auto t8 = t1 & t5;
    const auto t9 = t4 & t2;
    const auto t10 = t8 | t9;
    const T t11 = T(eta_plus) * step_size;
    const T t12 = elementary::minimum(t11, T(step_max));
    const T t13 = T(eta_minus) * step_size;
    const T t14 = elementary::maximum(t13, T(step_min));
    const T t15 = elementary::where(t10, t14, step_size);
    const T t16 = elementary::where(t7, t12, t15);
    const T t17 = elementary::where(t10, T(0.0), g);
    const auto t18 = t17 > T(0.0);
    const auto t19 = t17 < T(0.0);
    const T t20 = -t16;
    const T t21 = elementary::where(t19, t20, t17);
    const T t22 = elementary::where(t18, t16, t21);
    const T t23 = theta - t22;
    theta_new = t23;
    previous_gradient_new = t17;
    step_size_new = t16;
}

}  // namespace multilayer::update_rules
