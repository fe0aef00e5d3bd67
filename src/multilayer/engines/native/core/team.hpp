// Helper threads that wait for the next piece of work, spinning briefly and then parked.
#pragma once

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "floating_mode.hpp"
#include "processors.hpp"

namespace multilayer {

// How often this process is the child of a fork: helper threads do not live on in a child.
inline std::atomic<int>& forks() {
    static std::atomic<int> count{0};
    static const int registered = pthread_atfork(nullptr, nullptr, [] { forks().fetch_add(1); });
    static_cast<void>(registered);
    return count;
}

inline void pause() {
#if defined(__SSE2__)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// One caller at a time; its thread is thread 0.
class Team {
public:
    explicit Team(int most) : most_(most) {}
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;
    ~Team() { dismiss(); }

    int most() const { return most_; }

    // work(t) for t = 0 … threads − 1, each on a thread of its own; returns when all are done. What one of them throws, the
    // caller gets.
    template <typename Work> void run(int threads, const Work& work) {
        if (threads <= 1) return work(0);
        gather(threads);
        Shared& s = *shared_;
        s.call = [](const void* context, int t) { (*static_cast<const Work*>(context))(t); };
        s.context = &work;
        s.processor = current_processor();
        s.pending.store(threads - 1, std::memory_order_relaxed);
        s.ticket.store((s.ticket.load() / WANTED + 1) * WANTED + static_cast<std::uint64_t>(threads));
        if (s.parked.load() > 0) {
            const std::lock_guard lock(s.mutex);
            s.woken.notify_all();
        }
        std::exception_ptr failure = failure_of(s.call, s.context, 0);
        // A helper that lost its processor comes back sooner if this one is given up now and then.
        for (int spins = 0; s.pending.load(std::memory_order_acquire) > 0; ++spins) {
            if (spins < SPINS) pause();
            else std::this_thread::yield();
        }
        if (!failure && s.failed.load(std::memory_order_relaxed)) failure = std::exchange(s.failure, nullptr);
        s.failed.store(false, std::memory_order_relaxed);
        if (failure) std::rethrow_exception(failure);
    }

private:
    using Call = void (*)(const void*, int);

    static constexpr std::uint64_t WANTED = 1 << 16;
    static constexpr int SPINS = 4000;  // some 50 µs: longer than a step's serial part, shorter than a time slice
    static constexpr int SPINS_A_LOOK = 64;
    static constexpr std::chrono::microseconds LONGEST_SPIN{200};  // longer than what Python does between two epochs

    struct Shared {
        // Pieces of work so far, and in the low bits how many threads the last one wants: a helper that is not wanted
        // looks at nothing else, since the caller does not wait for it.
        alignas(64) std::atomic<std::uint64_t> ticket{0};
        alignas(64) std::atomic<int> pending{0};
        alignas(64) std::atomic<int> parked{0};
        Call call = nullptr;
        const void* context = nullptr;
        int processor = -1;  // the caller's
        std::atomic<bool> failed{false};
        std::exception_ptr failure;  // of the helper that failed first
        std::atomic<bool> ended{false};
        std::mutex mutex;
        std::condition_variable woken;
        std::vector<std::thread> helpers;
    };

    static std::exception_ptr failure_of(Call call, const void* context, int t) {
        try {
            call(context, t);
        } catch (...) {
            return std::current_exception();
        }
        return nullptr;
    }

    void gather(int threads) {
        if (shared_ && forked_ != forks().load()) shared_.release();  // its threads and locks are the parent's
        if (!shared_) {
            shared_ = std::make_unique<Shared>();
            forked_ = forks().load();
        }
        Shared& s = *shared_;
        while (static_cast<int>(s.helpers.size()) < threads - 1) {
            const int t = static_cast<int>(s.helpers.size()) + 1;
            s.helpers.emplace_back(serve, &s, t, s.ticket.load());
        }
    }

    // Until there is something to do, or too long.
    static void await_work(const Shared& s, std::uint64_t seen) {
        const auto until = std::chrono::steady_clock::now() + LONGEST_SPIN;
        do {
            for (int spins = 0; spins < SPINS_A_LOOK; ++spins) {
                if (s.ticket.load(std::memory_order_acquire) != seen) return;
                pause();
            }
        } while (std::chrono::steady_clock::now() < until);
    }

    static void serve(Shared* shared, int t, std::uint64_t seen) {
        const FlushSubnormals flush;
        Shared& s = *shared;
        bool placed = false;  // since the system put it somewhere: at first, and whenever it is woken
        for (;;) {
            await_work(s, seen);
            if (s.ticket.load() == seen) {
                placed = false;
                std::unique_lock lock(s.mutex);
                s.parked.fetch_add(1);
                s.woken.wait(lock, [&] { return s.ticket.load() != seen; });
                s.parked.fetch_sub(1);
            }
            seen = s.ticket.load();
            if (s.ended.load()) return;
            if (static_cast<std::uint64_t>(t) >= seen % WANTED) continue;
            if (!std::exchange(placed, true) && s.processor >= 0 && s.processor == current_processor()) {
                leave_processor(s.processor, static_cast<int>(seen % WANTED));
            }
            if (std::exception_ptr failure = failure_of(s.call, s.context, t)) {
                if (!s.failed.exchange(true)) s.failure = std::move(failure);
            }
            s.pending.fetch_sub(1, std::memory_order_release);
        }
    }

    void dismiss() {
        if (!shared_) return;
        if (forked_ != forks().load()) {
            shared_.release();
            return;
        }
        shared_->ended.store(true);
        shared_->ticket.fetch_add(WANTED);
        {
            const std::lock_guard lock(shared_->mutex);
            shared_->woken.notify_all();
        }
        for (std::thread& helper : shared_->helpers) helper.join();
    }

    int most_;
    int forked_ = 0;
    std::unique_ptr<Shared> shared_;
};

}  // namespace multilayer
