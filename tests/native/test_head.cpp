// Every output with every loss that goes with it: δ against differences, limits, ties, NaN.
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/head.hpp"
#include "testing.hpp"

using namespace multilayer;

namespace {

constexpr double INFINITE = std::numeric_limits<double>::infinity();

// A panel of rows, and what a head makes of them.
template <typename T> struct Panel {
    Panel(int n_units, int n_lanes) : units(n_units), width(n_lanes) {
        z = y = f = delta = std::vector<T>(static_cast<std::size_t>(units * width));
        loss.resize(static_cast<std::size_t>(width));
    }
    void run(const Head& head) {
        std::vector<T> scratch(z.size());
        apply_output(head, width, z.data(), f.data());
        loss_and_delta(head, units, width, z.data(), y.data(), scratch.data(), delta.data(), loss.data());
    }
    double loss_of(const Head& head, int lane) {
        std::vector<T> scratch(z.size()), alone(loss.size());
        loss_alone(head, units, width, z.data(), y.data(), scratch.data(), alone.data());
        return static_cast<double>(alone[static_cast<std::size_t>(lane)]);
    }
    std::size_t at(int unit, int lane) const { return static_cast<std::size_t>(unit * width + lane); }

    int units, width;
    std::vector<T> z, y, f, delta, loss;
};

// Rows in lane 0 and the same in every other lane.
template <typename T = double>
Panel<T> panel_of(const Head& head, const std::vector<double>& z, const std::vector<double>& y) {
    Panel<T> panel(static_cast<int>(z.size()), Lanes<T>::count);
    for (int u = 0; u < panel.units; ++u) {
        for (int lane = 0; lane < panel.width; ++lane) {
            panel.z[panel.at(u, lane)] = static_cast<T>(z[static_cast<std::size_t>(u)]);
            panel.y[panel.at(u, lane)] = static_cast<T>(y[static_cast<std::size_t>(u)]);
        }
    }
    panel.run(head);
    return panel;
}

Head own_head(std::string_view output, std::string_view loss, int units, const std::vector<int>& groups = {}) {
    return find_head(output, {}, loss, true, {}, units, groups);
}

bool is_distribution(std::string_view output) { return output == "softmax" || output == "sparsemax"; }

bool takes_classes(std::string_view output, std::string_view loss, int units) {
    return is_distribution(output) ||
           (output == "identity" && units > 1 && (loss == "hinge" || loss == "perceptron"));
}

// Targets that the head's loss allows: a class of each group, a sign, or a number in (0, 1).
template <typename T> void fill(Panel<T>& panel, const Head& head, std::string_view output, std::string_view loss) {
    std::mt19937 generator(static_cast<unsigned>(panel.units));
    std::normal_distribution<double> normal;
    std::uniform_real_distribution<double> uniform;
    const bool signs = output == "sign" || (output == "identity" && (loss == "hinge" || loss == "perceptron"));
    for (int lane = 0; lane < panel.width; ++lane) {
        std::set<int> labels;
        for (int first = 0, group = 0; first < panel.units; first += head.groups[static_cast<std::size_t>(group++)]) {
            const auto size = static_cast<unsigned>(head.groups[static_cast<std::size_t>(group)]);
            labels.insert(first + static_cast<int>(generator() % size));
        }
        for (int u = 0; u < panel.units; ++u) {
            double y = uniform(generator);
            if (takes_classes(output, loss, panel.units)) {
                y = labels.count(u) ? 1.0 : 0.0;
            } else if (signs) {
                y = y < 0.5 ? -1.0 : 1.0;
            }
            panel.z[panel.at(u, lane)] = static_cast<T>(normal(generator));
            panel.y[panel.at(u, lane)] = static_cast<T>(y);
        }
    }
}

// Calls `use` with every head there is and its names; distributions also by groups of units.
template <typename Use> void for_each_head(const Use& use) {
    for (const int units : {1, 2, 5}) {
        for (const OwnLossFacts& own : OwnLosses::facts) {
            if (units == 1 ? !own.one_unit : !own.several_units) continue;
            use(own_head(own.output, own.name, units), units, own.output, own.name);
            if (units < 5 || !is_distribution(own.output)) continue;
            use(own_head(own.output, own.name, units, {2, 3}), units, own.output, own.name);
        }
        for (const OutputFacts& output : Outputs::facts) {
            for (const LossFacts& loss : Losses::facts) {
                const std::set<std::string_view> positive = {"exp", "softplus", "sigmoid", "softmax"};
                if (!output.has_vjp || (loss.name == "poisson" && positive.count(output.name) == 0)) continue;
                const std::vector<double> output_options(output.n_options, 0.3), loss_options(loss.n_options, 0.3);
                use(find_head(output.name, output_options, loss.name, false, loss_options, units), units, output.name,
                    loss.name);
                if (units < 5 || !is_distribution(output.name)) continue;
                use(find_head(output.name, output_options, loss.name, false, loss_options, units, {1, 4}), units,
                    output.name, loss.name);
            }
        }
    }
}

}  // namespace

TEST(delta_is_the_limit_of_differences) {
    for_each_head([](const Head& head, int units, std::string_view output, std::string_view loss) {
        for (const int width : {Lanes<double>::count, 2 * Lanes<double>::count}) {
            Panel<double> panel(units, width);
            fill(panel, head, output, loss);
            panel.run(head);
            for (int lane = 0; lane < width; ++lane) {
                const double loss_there = panel.loss[static_cast<std::size_t>(lane)];
                CHECK_NEAR(loss_there, panel.loss_of(head, lane), 1e-14 * loss_there);
                for (int u = 0; u < units; ++u) {
                    double& z = panel.z[panel.at(u, lane)];
                    const double before = z, step = 1e-6;
                    z = before + step;
                    const double right = panel.loss_of(head, lane);
                    z = before - step;
                    const double slope = (right - panel.loss_of(head, lane)) / (2 * step);
                    CHECK_NEAR(panel.delta[panel.at(u, lane)], slope, 1e-8 * std::max(1.0, loss_there));
                    z = before;
                }
            }
        }
    });
}

TEST(floats_agree_with_doubles) {
    for_each_head([](const Head& head, int units, std::string_view output, std::string_view loss) {
        Panel<float> panel(units, Lanes<float>::count);
        fill(panel, head, output, loss);
        panel.run(head);
        Panel<double> exact(units, panel.width);
        std::copy(panel.z.begin(), panel.z.end(), exact.z.begin());
        std::copy(panel.y.begin(), panel.y.end(), exact.y.begin());
        exact.run(head);
        for (std::size_t i = 0; i < panel.z.size(); ++i) {
            const double size = std::max(1.0, std::abs(exact.delta[i]));
            CHECK_NEAR(static_cast<double>(panel.delta[i]), exact.delta[i], 1e-5 * size);
        }
        for (std::size_t i = 0; i < panel.loss.size(); ++i) {
            CHECK_NEAR(static_cast<double>(panel.loss[i]), exact.loss[i], 1e-5 * std::max(1.0, exact.loss[i]));
        }
    });
}

TEST(outputs_may_take_the_place_of_z) {
    for_each_head([](const Head& head, int units, std::string_view output, std::string_view loss) {
        Panel<float> panel(units, Lanes<float>::count);
        fill(panel, head, output, loss);
        panel.run(head);
        apply_output(head, panel.width, panel.z.data(), panel.z.data());
        CHECK(panel.z == panel.f);
    });
}

TEST(matching_losses_have_the_residual_as_their_delta) {
    for (const auto& [output, loss] : {std::pair{"softmax", "cross_entropy"}, {"sparsemax", "sparsemax"},
                                       {"sigmoid", "cross_entropy"}, {"sigmoid", "clipped_cross_entropy"},
                                       {"softmax", "clipped_cross_entropy"}, {"exp", "poisson"}, {"exp", "unguarded_poisson"}, {"identity", "squared"}}) {
        const Head head = own_head(output, loss, 5);
        Panel<double> panel(5, Lanes<double>::count);
        fill(panel, head, output, loss);
        panel.run(head);
        for (std::size_t i = 0; i < panel.z.size(); ++i) {
            CHECK_NEAR(panel.delta[i], panel.f[i] - panel.y[i], 1e-15 * std::max(1.0, panel.f[i]));
        }
    }
}

TEST(softmax_keeps_its_limits) {
    const Head head = own_head("softmax", "cross_entropy", 3);
    const auto wrong = panel_of(head, {1000, 0, -1000}, {0, 0, 1});
    CHECK(wrong.loss[0] == 2000);
    CHECK(wrong.f[0] == 1 && wrong.f[wrong.at(1, 0)] == 0);
    const auto small = panel_of(head, {40, 0, -INFINITE}, {1, 0, 0});
    CHECK_NEAR(small.loss[0] / std::exp(-40.0), 1.0, 1e-14);  // the maximum's own 1 swallows no digit
    const auto shared = panel_of(head, {INFINITE, 0, INFINITE}, {0, 0, 1});
    CHECK(shared.f[0] == 0.5 && shared.f[shared.at(1, 0)] == 0 && shared.f[shared.at(2, 0)] == 0.5);
    CHECK_NEAR(shared.loss[0], std::log(2.0), 1e-15);
    const auto lost = panel_of(head, {INFINITE, 0, 1}, {0, 1, 0});
    CHECK(lost.loss[0] == INFINITE);
    CHECK(lost.delta[lost.at(1, 0)] == -1);
    const auto nowhere = panel_of(head, {-INFINITE, -INFINITE, -INFINITE}, {1, 0, 0});
    CHECK_NEAR(nowhere.f[0], 1.0 / 3, 1e-16);
}

TEST(clipped_cross_entropies_end_at_the_machine_epsilon) {
    const double least = std::numeric_limits<double>::epsilon(), most = -std::log(least);
    const Head softmax = own_head("softmax", "clipped_cross_entropy", 3), sigmoid = own_head("sigmoid", "clipped_cross_entropy", 1);
    for (const double far : {100.0, 1000.0, INFINITE}) {
        CHECK_NEAR(panel_of(softmax, {far, 0, 1}, {0, 1, 0}).loss[0], most, 1e-14 * most);
        CHECK_NEAR(panel_of(softmax, {far, 0, 1}, {1, 0, 0}).loss[0], least, 1e-6 * least);
        CHECK_NEAR(panel_of(sigmoid, {-far}, {1}).loss[0], most, 1e-14 * most);
        CHECK_NEAR(panel_of(sigmoid, {far}, {1}).loss[0], least, 1e-6 * least);
        CHECK(panel_of(sigmoid, {far}, {0}).delta[0] == 1);
    }
    const auto near = panel_of<float>(softmax, {1, 2, 3}, {0, 1, 0}), exact = panel_of<float>(own_head("softmax", "cross_entropy", 3), {1, 2, 3}, {0, 1, 0});
    CHECK_NEAR(static_cast<double>(near.loss[0]), static_cast<double>(exact.loss[0]), 1e-6);
    CHECK(near.delta == exact.delta);
}

TEST(sparsemax_is_the_nearest_distribution) {
    // f is nearest to z among the distributions if z − f is one number τ where f > 0 and z ≤ τ elsewhere.
    std::mt19937 generator(3);
    for (const int units : {2, 3, 10, 100}) {
        for (const double spread : {0.01, 0.3, 3.0, 1e6}) {
            const Head head = own_head("sparsemax", "sparsemax", units);
            Panel<double> panel(units, 2 * Lanes<double>::count);
            std::normal_distribution<double> normal(0, spread);
            for (double& z : panel.z) z = normal(generator);
            for (int lane = 0; lane < panel.width; ++lane) panel.z[panel.at(1, lane)] = panel.z[panel.at(0, lane)];
            panel.run(head);
            for (int lane = 0; lane < panel.width; ++lane) {
                double total = 0, tau = 0;
                for (int u = 0; u < units; ++u) {
                    const double f = panel.f[panel.at(u, lane)];
                    CHECK(f >= 0);
                    total += f;
                    if (f > 0) tau = panel.z[panel.at(u, lane)] - f;
                }
                CHECK_NEAR(total, 1.0, 1e-14 * units);
                for (int u = 0; u < units; ++u) {
                    const double z = panel.z[panel.at(u, lane)], f = panel.f[panel.at(u, lane)];
                    CHECK_NEAR(std::max(z - tau, 0.0), f, 1e-14 * std::max(1.0, std::abs(z)));
                }
            }
        }
    }
}

TEST(sparsemax_keeps_its_limits) {
    const Head head = own_head("sparsemax", "sparsemax", 3);
    const auto right = panel_of(head, {1, 0, -INFINITE}, {1, 0, 0});
    CHECK(right.loss[0] == 0);
    CHECK(right.f[0] == 1 && right.f[right.at(1, 0)] == 0 && right.f[right.at(2, 0)] == 0);
    const auto shared = panel_of(head, {INFINITE, 0, INFINITE}, {1, 0, 0});
    CHECK(shared.f[0] == 0.5 && shared.f[shared.at(1, 0)] == 0 && shared.f[shared.at(2, 0)] == 0.5);
    const auto close = panel_of<float>(head, {0.5, 0.25, -5}, {1, 0, 0});
    CHECK(close.f[0] == 0.625f && close.f[close.at(1, 0)] == 0.375f && close.f[close.at(2, 0)] == 0);
}

TEST(the_first_of_equal_scores_is_the_prediction) {
    const auto perceptron = panel_of(own_head("identity", "perceptron", 3), {1, 2, 2}, {1, 0, 0});
    CHECK(perceptron.loss[0] == 1);
    CHECK(perceptron.delta[0] == -1 && perceptron.delta[perceptron.at(1, 0)] == 1);
    CHECK(perceptron.delta[perceptron.at(2, 0)] == 0);
    const auto met = panel_of(own_head("identity", "hinge", 3), {3, 2, 2}, {1, 0, 0});
    CHECK(met.loss[0] == 0 && met.delta[0] == 0 && met.delta[met.at(1, 0)] == 0);
    const auto short_of_it = panel_of(own_head("identity", "hinge", 3), {2.5, 2, 2}, {1, 0, 0});
    CHECK(short_of_it.loss[0] == 0.5 && short_of_it.delta[0] == -1);
    CHECK(short_of_it.delta[short_of_it.at(1, 0)] == 1 && short_of_it.delta[short_of_it.at(2, 0)] == 0);
}

TEST(a_nan_spoils_its_row_and_no_other) {
    for_each_head([](const Head& head, int units, std::string_view output, std::string_view loss) {
        Panel<double> panel(units, 2 * Lanes<double>::count);
        fill(panel, head, output, loss);
        panel.z[panel.at(units - 1, 1)] = std::numeric_limits<double>::quiet_NaN();
        panel.run(head);
        const int spoilt = takes_classes(output, loss, units) ? head.groups.back() : 1;  // units, of the last ones
        for (int lane = 0; lane < panel.width; ++lane) {
            CHECK(std::isnan(panel.loss[static_cast<std::size_t>(lane)]) == (lane == 1));
            for (int u = 0; u < units; ++u) {
                const bool expected = lane == 1 && u >= units - spoilt;
                CHECK(std::isnan(panel.delta[panel.at(u, lane)]) == expected);
            }
        }
    });
}

TEST(a_group_is_what_its_units_are_alone) {
    for (const char* output : {"softmax", "sparsemax"}) {
        const std::string_view loss = output == std::string_view("softmax") ? "cross_entropy" : "sparsemax";
        const Head head = own_head(output, loss, 5, {2, 3});
        const auto both = panel_of(head, {0.5, -0.25, 1, 0.75, -2}, {0, 1, 1, 0, 0});
        const auto first = panel_of(own_head(output, loss, 2), {0.5, -0.25}, {0, 1});
        const auto second = panel_of(own_head(output, loss, 3), {1, 0.75, -2}, {1, 0, 0});
        CHECK(both.loss[0] == first.loss[0] + second.loss[0]);
        for (int u = 0; u < 5; ++u) {
            const auto& alone = u < 2 ? first : second;
            const std::size_t place = alone.at(u < 2 ? u : u - 2, 0);
            CHECK(both.f[both.at(u, 0)] == alone.f[place] && both.delta[both.at(u, 0)] == alone.delta[place]);
        }
    }
}

TEST(heads_that_make_no_sense_are_refused) {
    const auto refuses = [](auto... arguments) {
        try {
            find_head(arguments...);
        } catch (const std::invalid_argument&) {
            return true;
        }
        return false;
    };
    const std::vector<double> none, one = {1.0};
    CHECK(refuses("none such", none, "squared", false, none, 1));
    CHECK(refuses("tanh", none, "none such", false, none, 1));
    CHECK(refuses("tanh", none, "cross_entropy", true, none, 1));
    CHECK(refuses("softmax", none, "cross_entropy", true, none, 1));
    CHECK(refuses("identity", none, "hinge", false, none, 1));
    CHECK(refuses("sign", none, "squared", false, none, 1));
    CHECK(refuses("tanh", none, "huber", false, none, 1));
    CHECK(refuses("tanh", one, "squared", false, none, 1));
    CHECK(!refuses("tanh", none, "huber", false, one, 1));
    for (const std::vector<int>& groups : {std::vector<int>{2, 2}, {2, 4}, {5, 0}, {6, -1}, {6}}) {
        CHECK(refuses("softmax", none, "cross_entropy", true, none, 5, groups));
    }
    CHECK(!refuses("softmax", none, "cross_entropy", true, none, 5, std::vector<int>{2, 3}));
}
