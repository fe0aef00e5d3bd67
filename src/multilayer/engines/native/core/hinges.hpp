// Learned hinges of a panel [unit][lane]: h = max(0, z) + Σₛ slopeₛ·max(0, kneeₛ − z).
//
// Slopes, knees and their gradients are [hinge][unit].
#pragma once

#include <cstddef>

#include "formulas.hpp"
#include "lanes.hpp"

namespace multilayer {

template <typename T>
void hinges_forward(int n, int units, int width, const T* slope, const T* knee, const T* z, T* h) {
    for (int u = 0; u < units; ++u) {
        for (std::ptrdiff_t i = std::ptrdiff_t{u} * width, end = i + width; i < end; i += Lanes<T>::count) {
            const Lanes<T> z_i = load(z + i);
            Lanes<T> h_i = activations::relu(z_i);
            for (int s = 0; s < n; ++s) {
                const Lanes<T> a(slope[s * units + u]), k(knee[s * units + u]);
                h_i = h_i + hinges::hinge(z_i, a, k);
            }
            store(h + i, h_i);
        }
    }
}

// δ wrt h becomes δ wrt z, and the gradients get their sums over the lanes added; δ is 0 in lanes without a sample.
template <typename T>
void hinges_backward(int n, int units, int width, const T* slope, const T* knee, const T* z, T* delta,
                     T* slope_gradient, T* knee_gradient) {
    for (int u = 0; u < units; ++u) {
        const std::ptrdiff_t begin = std::ptrdiff_t{u} * width, end = begin + width;
        for (int s = 0; s < n; ++s) {
            const Lanes<T> a(slope[s * units + u]), k(knee[s * units + u]);
            Lanes<T> for_slope(0.0), for_knee(0.0);
            for (std::ptrdiff_t i = begin; i < end; i += Lanes<T>::count) {
                const Lanes<T> z_i = load(z + i), delta_i = load(delta + i);
                for_slope = for_slope + delta_i * hinges::hinge_slope(z_i, k);
                for_knee = for_knee + delta_i * hinges::hinge_knee(z_i, a, k);
            }
            slope_gradient[s * units + u] += sum(for_slope);
            knee_gradient[s * units + u] += sum(for_knee);
        }
        for (std::ptrdiff_t i = begin; i < end; i += Lanes<T>::count) {
            const Lanes<T> z_i = load(z + i);
            Lanes<T> through = activations::relu_derivative(activations::relu(z_i));
            for (int s = 0; s < n; ++s) {
                through = through + hinges::hinge_z(z_i, Lanes<T>(slope[s * units + u]), Lanes<T>(knee[s * units + u]));
            }
            store(delta + i, load(delta + i) * through);
        }
    }
}

}  // namespace multilayer
