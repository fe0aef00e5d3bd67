// Whole stretches of updates by each of the ways, on several threads: for the sanitizers, and for equal bits.
#include <algorithm>
#include <array>
#include <cmath>
#include <new>
#include <numeric>
#include <random>

#include "core/build_plan.hpp"
#include "core/program.hpp"
#include "testing.hpp"

namespace {

using namespace multilayer;

struct Never final : Interrupt {
    bool asked() override { return false; }
};

template <typename T> struct Task {
    std::vector<Index> widths;
    Index rows, batch, epochs;
    Index members = 1;
    bool sparse = false;
    double drop = 0;
    std::vector<T> x{}, y{};
    std::vector<std::int32_t> columns{};
    std::vector<std::int64_t> begins{0};

    Plan plan() const {
        Plan plan;
        plan.n_inputs = widths.front();
        for (std::size_t i = 1; i < widths.size(); ++i) {
            for (const Index n : {widths[i - 1], Index{1}}) {
                plan.views.push_back({plan.n_parameters, widths[i], n});
                plan.n_parameters += widths[i] * n;
            }
            add_affine(plan, static_cast<int>(2 * i - 2), static_cast<int>(2 * i - 1));
            if (i + 1 == widths.size()) continue;
            add_elementwise(plan, "tanh", {});
            if (drop > 0) add_dropout(plan, drop, static_cast<std::uint32_t>(i));
        }
        plan.n_outputs = widths.back();
        plan.head = find_head("softmax", {}, "cross_entropy", true, {}, static_cast<int>(plan.n_outputs));
        require_whole(plan);
        return plan;
    }

    // Inputs whose class is the largest of the first ones.
    Rows<T> data() {
        std::mt19937 random(1);
        std::uniform_real_distribution<double> number(-1, 1);
        const Index n = widths.front(), k = widths.back();
        x.resize(static_cast<std::size_t>(rows * n)), y.assign(static_cast<std::size_t>(rows * k), T(0));
        for (T& value : x) value = static_cast<T>(number(random));
        for (Index i = 0; i < rows; ++i) {
            const auto row = x.begin() + i * n;
            y[static_cast<std::size_t>(i * k + (std::max_element(row, row + k) - row))] = T(1);
        }
        Rows<T> data;
        data.n = rows, data.n_inputs = n, data.n_outputs = k, data.y = y.data();
        if (!sparse) {
            data.x = x.data();
            return data;
        }
        for (Index i = 0; i < rows; ++i) {
            for (Index c = 0; c < n; ++c) columns.push_back(static_cast<std::int32_t>(c));
            begins.push_back(static_cast<std::int64_t>(columns.size()));
        }
        data.values = x.data(), data.columns = columns.data(), data.begins = begins.data();
        return data;
    }

    // θ after the epochs, and the losses of the first and the last batch of the first member.
    std::vector<T> train(int threads, double& first, double& last) {
        const Rows<T> rows_of_data = data();
        Program<T> program(plan(), "adam", members, threads);
        std::mt19937 random(2);
        std::normal_distribution<double> weight(0, 0.3);
        for (const auto& machine : program.machines) {
            for (Index i = 0; i < program.plan.n_parameters; ++i) machine->parameters.theta[i] = static_cast<T>(weight(random));
        }
        std::vector<std::int64_t> order, starts;
        for (Index e = 0; e < epochs; ++e) {
            for (Index i = 0; i < rows; i += batch) starts.push_back(e * rows + i);
            order.resize(order.size() + static_cast<std::size_t>(rows));
            std::iota(order.end() - rows, order.end(), 0);
            std::shuffle(order.end() - rows, order.end(), random);
        }
        const Index batches = static_cast<Index>(starts.size());
        starts.push_back(epochs * rows);
        std::vector<double> scalars, loss(static_cast<std::size_t>(batches * members)), weights = loss, penalty = loss;
        for (Index j = 1; j <= batches; ++j) {
            const double t = static_cast<double>(j);
            scalars.insert(scalars.end(), {0.01, 0.9, 0.999, 1e-8, 1 - std::pow(0.9, t), 1 - std::pow(0.999, t)});
        }
        Report report{loss.data(), weights.data(), penalty.data()};
        Never never;
        program.advance(rows_of_data, {order.data(), 0, starts.data(), scalars.data(), batches, 6, true}, report, never);
        CHECK(report.done == batches && report.ended == Ended::complete);
        const auto at = [&](Index j) {
            return loss[static_cast<std::size_t>(j * members)] / weights[static_cast<std::size_t>(j * members)];
        };
        first = at(0), last = at(batches - 1);
        std::vector<T> outputs(static_cast<std::size_t>(rows * widths.back()));
        Machine<T>& machine = *program.machines.front();
        CHECK(machine.evaluation.predict(program.team, machine.parameters.theta.get(), rows_of_data, -1, outputs.data(), &never));
        double total = 0;
        for (const T f : outputs) total += static_cast<double>(f);
        CHECK_NEAR(total, static_cast<double>(rows), 1e-4 * static_cast<double>(rows));
        const T* theta = machine.parameters.theta.get();
        return {theta, theta + program.plan.n_parameters};
    }
};

template <typename T> void learns_with_equal_bits(const Task<T>& task) {
    double first, last;
    for (const int threads : {1, 3}) {
        Task<T> one = task, other = task;
        const auto theta = one.train(threads, first, last);
        CHECK(last < 0.9 * first);
        CHECK(theta == other.train(threads, first, last));
    }
}

// Fails when asked for the third time, which is inside a step of several chunks.
struct Failing final : Interrupt {
    int asks = 0;
    bool asked() override {
        if (++asks == 3) throw std::bad_alloc();
        return false;
    }
};

TEST(a_failure_leaves_a_population_where_it_was) {
    Task<float> task{{20, 70, 60, 4}, 4000, 4000, 1};
    const Rows<float> data = task.data();
    std::vector<std::int64_t> order(4000), starts{0, 4000};
    std::iota(order.begin(), order.end(), 0);
    const std::array<double, 6> scalars{0.01, 0.9, 0.999, 1e-8, 0.1, 0.001};
    std::array<double, 2> loss{}, weights{}, penalty{};
    const Stretch stretch{order.data(), 0, starts.data(), scalars.data(), 1, 6, true};
    Program<float> program(task.plan(), "adam", 2, 1);
    for (const auto& machine : program.machines) std::fill_n(machine->parameters.theta.get(), program.plan.n_parameters, 0.5f);
    const auto all_at = [&](float theta, std::uint64_t step) {
        for (const auto& machine : program.machines) {
            CHECK(machine->step == step);
            const float* const from = machine->parameters.theta.get();
            CHECK((std::count(from, from + program.plan.n_parameters, theta) == program.plan.n_parameters) == (step == 0));
        }
    };
    bool failed = false;
    Report report{loss.data(), weights.data(), penalty.data()};
    Failing failing;
    try {
        program.advance(data, stretch, report, failing);
    } catch (const std::bad_alloc&) {
        failed = true;
    }
    CHECK(failed && report.done == 0);
    all_at(0.5f, 0);
    Never never;
    program.advance(data, stretch, report, never);
    CHECK(report.done == 1);
    all_at(0.5f, 1);
}

TEST(single_rows) { learns_with_equal_bits(Task<float>{{5, 8, 3}, 40, 1, 4}); }
TEST(small_batches) { learns_with_equal_bits(Task<double>{{5, 8, 3}, 43, 10, 20}); }
TEST(gradients_summed_on_threads) { learns_with_equal_bits(Task<float>{{20, 70, 60, 4}, 300, 130, 10}); }
TEST(updates_by_blocks_on_threads) { learns_with_equal_bits(Task<double>{{60, 170, 160, 4}, 150, 60, 6}); }
TEST(sparse_rows) { learns_with_equal_bits(Task<double>{{20, 70, 60, 4}, 300, 130, 10, 1, true}); }
TEST(dropout_in_a_population) { learns_with_equal_bits(Task<float>{{6, 30, 4}, 60, 20, 40, 5, false, 0.1}); }

}  // namespace
