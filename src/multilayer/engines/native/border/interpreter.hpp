// Work while other threads have the interpreter, and Ctrl-C meanwhile.
#pragma once

#include <nanobind/nanobind.h>

#include <chrono>
#include <thread>

#include "../core/floating_mode.hpp"
#include "../core/questions.hpp"

namespace multilayer {

namespace nb = nanobind;

// Other threads may use the interpreter while this lives. If it ends meanwhile, this thread rests till the process ends
// too: CPython up to 3.13 would unwind it, and destructors let nothing pass.
class WithoutInterpreter {
public:
    WithoutInterpreter() : thread_(PyEval_SaveThread()) {}
    WithoutInterpreter(const WithoutInterpreter&) = delete;
    WithoutInterpreter& operator=(const WithoutInterpreter&) = delete;
    ~WithoutInterpreter() {
        try {
            PyEval_RestoreThread(thread_);
        } catch (...) {
            for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
        }
    }

private:
    PyThreadState* thread_;
};

// Ctrl-C, asked for from the main thread a few times a tenth of a second.
class Signals final : public Interrupt {
public:
    explicit Signals(bool main_thread) : main_thread_(main_thread), last_(Clock::now()) {}

    bool asked() override {
        if (stopped_ || !main_thread_) return stopped_;
        const auto now = Clock::now();
        if (now - last_ < std::chrono::milliseconds(30)) return false;
        last_ = now;
        const nb::gil_scoped_acquire gil;
        stopped_ = PyErr_CheckSignals() != 0;
        return stopped_;
    }

    // With the interpreter: a keyboard interrupt ends the run in peace; whatever else a signal raised goes on.
    void settle() const {
        if (!stopped_) return;
        if (!PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) nb::raise_python_error();
        PyErr_Clear();
    }

private:
    using Clock = std::chrono::steady_clock;
    bool main_thread_, stopped_ = false;
    Clock::time_point last_;
};

// Work without the interpreter, which says whether it was done; an error where it was interrupted.
template <typename Work> void uninterrupted(bool main_thread, const Work& work) {
    Signals signals(main_thread);
    bool whole;
    {
        const WithoutInterpreter without;
        const FlushSubnormals flush;
        whole = work(signals);
    }
    if (!whole) nb::raise_python_error();
}

}  // namespace multilayer
