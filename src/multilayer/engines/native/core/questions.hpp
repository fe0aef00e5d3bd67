// Whether to go on, and when to ask that: about every hundredth of a second. How many rows that is shows while running.
#pragma once

#include <algorithm>
#include <cstddef>

namespace multilayer {

// Asked now and then from the calling thread; true ends the work before anything is changed.
class Interrupt {
public:
    virtual ~Interrupt() = default;
    virtual bool asked() = 0;
};

class Questions {
public:
    void begin(double time) { asked_at_ = time, rows_ = 0; }

    // Whether rows have passed by that may take so long, with those to come.
    bool passed(std::ptrdiff_t rows) { return (rows_ += rows + 1) >= gap_; }

    // At that moment: whether it has been so long.
    bool due(double time) {
        const double seconds = time - asked_at_;
        rows_ = 0;
        gap_ = seconds < SECONDS ? std::min(2 * gap_, MOST) : std::max<std::ptrdiff_t>(gap_ / 2, 1);
        if (seconds < SECONDS) return false;
        asked_at_ = time;
        return true;
    }

private:
    static constexpr double SECONDS = 1e-2;
    static constexpr std::ptrdiff_t MOST = 1 << 20;

    double asked_at_ = 0;
    std::ptrdiff_t rows_ = 0, gap_ = 1;
};

}  // namespace multilayer
