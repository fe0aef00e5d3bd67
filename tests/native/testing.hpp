// A small frame for tests: TEST lists a function to be run, CHECK and CHECK_NEAR count, and print what does not hold.
#pragma once

#include <atomic>
#include <cmath>
#include <cstdio>
#include <exception>
#include <vector>

namespace multilayer {
namespace testing {

struct Test {
    const char* name;
    void (*body)();
};

inline std::vector<Test>& tests() {
    static std::vector<Test> all;
    return all;
}

inline bool list(const char* name, void (*body)()) {
    tests().push_back({name, body});
    return true;
}

inline std::atomic<long> checks{0}, failures{0};  // threads may check
inline const char* running = "";

inline void fail(const char* file, int line, const char* what) {
    constexpr long most_printed = 50;
    if (++failures <= most_printed) std::printf("%s:%d: %s: %s\n", file, line, running, what);
}

inline void check(bool holds, const char* text, const char* file, int line) {
    ++checks;
    if (!holds) fail(file, line, text);
}

inline void check_near(double a, double b, double tolerance, const char* text, const char* file, int line) {
    ++checks;
    if (std::abs(a - b) <= tolerance || a == b) return;  // infinities are equal, NaN is near nothing
    char what[512];
    std::snprintf(what, sizeof what, "%s: got %.17g and %.17g", text, a, b);
    fail(file, line, what);
}

}  // namespace testing

// Runs every test; the program's exit status: 0 if all held.
inline int run_all() {
    for (const testing::Test& test : testing::tests()) {
        testing::running = test.name;
        try {
            test.body();
        } catch (const std::exception& error) {
            testing::fail(__FILE__, __LINE__, error.what());
        }
    }
    std::printf("%zu tests, %ld checks, %ld failures\n", testing::tests().size(), testing::checks.load(),
                testing::failures.load());
    return testing::failures == 0 ? 0 : 1;
}

}  // namespace multilayer

#define TEST(name)                                                                              \
    static void test_##name();                                                                  \
    static const bool name##_is_listed = ::multilayer::testing::list(#name, &test_##name);      \
    static void test_##name()

#define CHECK(...) ::multilayer::testing::check(static_cast<bool>(__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)
#define CHECK_NEAR(a, b, tolerance) \
    ::multilayer::testing::check_near(a, b, tolerance, #a " near " #b, __FILE__, __LINE__)
