// What this machine can do at most: fused multiply-adds in registers, and passes over arrays.
// Compiled by floor.py for the machine it runs on.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <functional>
#include <memory>
#include <numeric>
#include <thread>
#include <vector>

namespace {

#if defined(__AVX512F__)
constexpr std::size_t vector_bytes = 64;
#elif defined(__AVX__)
constexpr std::size_t vector_bytes = 32;
#else
constexpr std::size_t vector_bytes = 16;
#endif

// Chains that do not wait for each other: at least units × latency (2 × 4 or 5; 4 × 4 on some ARM), and in registers.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int chains = 16;
#else
constexpr int chains = 12;
#endif

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Runs rate(thread) on all threads at once; the sum of what they return.
double together(int threads, const std::function<double(int)>& rate) {
    std::atomic<int> ready{0};
    std::vector<double> rates(static_cast<std::size_t>(threads));
    std::vector<std::thread> helpers;
    auto run = [&](int thread) {
        ready.fetch_add(1);
        while (ready.load() < threads) {
        }
        rates[static_cast<std::size_t>(thread)] = rate(thread);
    };
    for (int thread = 1; thread < threads; ++thread) helpers.emplace_back(run, thread);
    run(0);
    for (auto& helper : helpers) helper.join();
    return std::accumulate(rates.begin(), rates.end(), 0.0);
}

// Operations a second of one thread.
template <class T>
double fused_rate(double seconds) {
    typedef T Vector __attribute__((vector_size(vector_bytes)));
    constexpr std::size_t count = vector_bytes / sizeof(T);
    constexpr int rounds = 4096;
    const Vector factor = Vector{} + T(0.999999), summand = Vector{} + T(1e-6);
    Vector sums[chains];
    for (int i = 0; i < chains; ++i) sums[i] = Vector{} + T(i);
    double done = 0.0;
    const auto begin = Clock::now();
    do {
        for (int round = 0; round < rounds; ++round) {
#pragma GCC unroll 16
            for (int i = 0; i < chains; ++i) sums[i] = sums[i] * factor + summand;
        }
        done += 2.0 * count * chains * rounds;
    } while (seconds_since(begin) < seconds);
    const double lasted = seconds_since(begin);
    Vector sum = sums[0];
    for (int i = 1; i < chains; ++i) sum += sums[i];
    volatile T kept = sum[0];
    static_cast<void>(kept);
    return done / lasted;
}

// Bytes a second of one thread that reads and writes θ and two slots, in place.
double pass_rate(std::size_t bytes, double seconds) {
    const std::size_t n = std::max<std::size_t>(bytes / sizeof(float), 64);
    std::vector<float> theta(n, 1.0f), m(n, 1e-3f), v(n, 1e-3f);
    double done = 0.0;
    const auto begin = Clock::now();
    do {
        float* __restrict t = theta.data();
        float* __restrict a = m.data();
        float* __restrict b = v.data();
        for (std::size_t i = 0; i < n; ++i) {
            a[i] = a[i] * 0.999f + 1e-6f;
            b[i] = b[i] * 0.999f + 1e-6f;
            t[i] = t[i] + a[i] * b[i];
        }
        done += 6.0 * sizeof(float) * static_cast<double>(n);
    } while (seconds_since(begin) < seconds);
    return done / seconds_since(begin);
}

}  // namespace

extern "C" {

// Operations a second of `threads` threads together; `bits` 32 or 64.
double fused_peak(int bits, int threads, double seconds) {
    return together(threads, [&](int) { return bits == 32 ? fused_rate<float>(seconds) : fused_rate<double>(seconds); });
}

// Bytes a second of `threads` threads, each passing over its share of θ and two slots of `bytes` bytes each.
double pass_bandwidth(std::size_t bytes, int threads, double seconds) {
    return together(threads, [&](int) { return pass_rate(bytes / static_cast<std::size_t>(threads), seconds); });
}
}
