// Helper threads: everyone does his share, and what one of them throws reaches the caller.
#include <array>
#include <stdexcept>
#include <string>

#include "core/team.hpp"
#include "testing.hpp"

namespace {

using namespace multilayer;

TEST(each_thread_does_its_share) {
    Team team(3);
    for (const int threads : {3, 1, 2, 3}) {
        std::array<int, 3> done{};
        team.run(threads, [&](int t) { ++done[static_cast<std::size_t>(t)]; });
        for (int t = 0; t < 3; ++t) CHECK(done[static_cast<std::size_t>(t)] == (t < threads));
    }
}

TEST(a_failure_reaches_the_caller_when_all_are_done) {
    Team team(3);
    for (const int failing : {0, 1, 2}) {
        std::array<int, 3> done{};
        std::string what;
        try {
            team.run(3, [&](int t) {
                if (t == failing) throw std::runtime_error("thread " + std::to_string(t));
                done[static_cast<std::size_t>(t)] = 1;
            });
        } catch (const std::runtime_error& error) {
            what = error.what();
        }
        CHECK(what == "thread " + std::to_string(failing));
        CHECK(done[0] + done[1] + done[2] == 2);
        team.run(3, [&](int t) { done[static_cast<std::size_t>(t)] = 2; });
        CHECK(done[0] + done[1] + done[2] == 6);
    }
}

#if defined(__linux__)
TEST(a_thread_gets_off_a_processor_and_may_return) {
    cpu_set_t before, after;
    CHECK(sched_getaffinity(0, sizeof before, &before) == 0);
    int moved = 0;
    for (int i = 0; i < 100; ++i) {
        const int here = current_processor();
        leave_processor(here, 2);
        moved += current_processor() != here;
        CHECK(sched_getaffinity(0, sizeof after, &after) == 0);
        CHECK(CPU_EQUAL(&before, &after));
    }
    // The system may bring it back before it looks.
    CHECK(CPU_COUNT(&before) < 2 ? moved == 0 : moved > 50);
}
#endif

}  // namespace
