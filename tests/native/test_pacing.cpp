// The choice of threads, on a machine whose speed is a function of the step.
#include "core/pacing.hpp"
#include "testing.hpp"

namespace {

using namespace multilayer;

// Seconds of so many steps that take `one` or `all` seconds each, and the share of the steps that all threads made.
template <typename Seconds> double share_of_all(Pacing& pacing, int steps, const Seconds& seconds) {
    int all = 0;
    for (int step = 0; step < steps; ++step) {
        all += pacing.all_threads();
        pacing.stepped(seconds(pacing.all_threads()), 100);
    }
    return static_cast<double>(all) / steps;
}

TEST(the_faster_way_gets_nearly_all_steps) {
    Pacing helpful, harmful;
    CHECK(share_of_all(helpful, 20000, [](bool all) { return all ? 1e-4 : 1.7e-4; }) > 0.995);
    CHECK(share_of_all(harmful, 20000, [](bool all) { return all ? 2e-4 : 1.7e-4; }) < 0.02);
}

TEST(a_trial_that_is_plainly_slower_is_short) {
    Pacing pacing;
    CHECK(share_of_all(pacing, 300, [](bool all) { return all ? 1e-4 : 1.7e-4; }) > 0.97);
}

TEST(threads_that_must_be_woken_first_get_their_chance) {
    Pacing pacing;
    share_of_all(pacing, 10000, [](bool all) { return all ? 4e-4 : 1.7e-4; });
    bool awake = false;
    CHECK(share_of_all(pacing, 10000, [&](bool all) {
              const double waking = all && !awake ? 1e-3 : 0;
              awake = all;
              return waking + (all ? 1e-4 : 1.7e-4);
          }) > 0.8);
}

TEST(waking_on_a_busy_processor_ends_a_trial) {
    Pacing pacing;
    share_of_all(pacing, 10000, [](bool all) { return all ? 4e-4 : 1.7e-4; });
    CHECK(share_of_all(pacing, 10000, [](bool all) { return all ? 4e-3 : 1.7e-4; }) < 0.003);
}

// On a core that another process uses, a helper just woken is let in first, and then has to wait now and then.
TEST(winning_trials_by_luck_does_not_pay) {
    Pacing pacing;
    int in_a_row = 0;
    double spent = 0;
    const auto seconds = [&](bool all) {
        in_a_row = all ? in_a_row + 1 : 0;
        const double step = !all ? 1.7e-4 : in_a_row % 25 == 0 ? 5e-3 : 1e-4;
        spent += step;
        return step;
    };
    share_of_all(pacing, 6000, seconds);
    spent = 0;
    share_of_all(pacing, 12000, seconds);
    CHECK(spent < 1.03 * 12000 * 1.7e-4);
}

TEST(all_threads_are_soon_back_after_a_moment_of_trouble) {
    for (const int before : {100, 200, 500, 1000}) {
        Pacing pacing;
        share_of_all(pacing, before, [](bool all) { return all ? 1e-4 : 1.7e-4; });
        CHECK(share_of_all(pacing, 20, [](bool all) { return all ? 7e-4 : 1.7e-4; }) < 1);
        CHECK(share_of_all(pacing, 400, [](bool all) { return all ? 1e-4 : 1.7e-4; }) > 0.8);
    }
}

TEST(the_choice_follows_the_machine) {
    Pacing pacing;
    share_of_all(pacing, 10000, [](bool all) { return all ? 1e-4 : 1.7e-4; });
    CHECK(share_of_all(pacing, 10000, [](bool all) { return all ? 4e-4 : 1.7e-4; }) < 0.1);
    CHECK(share_of_all(pacing, 10000, [](bool all) { return all ? 1e-4 : 1.7e-4; }) > 0.8);
}

}  // namespace
