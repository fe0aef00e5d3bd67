// How many threads the next steps get, by measuring while running: one or all, whichever is faster at the moment.
//
// A helper that has to share its core makes every step wait for it. So blocks of steps are timed, the slower way is
// given up at once, and it is tried again after gaps that double as long as it stays the slower one.
#pragma once

#include <algorithm>

namespace multilayer {

class Pacing {
public:
    // Of the coming block; it should take about BLOCK_SECONDS.
    bool all_threads() const { return trying_ != settled_all_; }

    // A block's seconds a row of data.
    void measured(double cost) {
        const bool all = all_threads();
        (all ? all_ : one_) = cost;
        if (trying_) {
            trying_ = false;
            const bool better = all ? all_ < MARGIN * one_ : one_ < MARGIN * all_;
            gap_ = better ? SHORTEST_GAP : std::min(2 * gap_, LONGEST_GAP);
            if (better) settled_all_ = all;
            left_ = gap_;
        } else if (all && one_ > 0 && cost > one_) {
            settled_all_ = false;
            gap_ = std::min(2 * gap_, LONGEST_GAP);
            left_ = gap_;
        } else if (--left_ <= 0) {
            trying_ = true;
        }
    }

    static constexpr double BLOCK_SECONDS = 2e-3;

private:
    static constexpr double MARGIN = 0.97;
    static constexpr int SHORTEST_GAP = 4, LONGEST_GAP = 512;

    bool settled_all_ = true, trying_ = false;
    double one_ = 0, all_ = 0;
    int gap_ = SHORTEST_GAP, left_ = 1;
};

}  // namespace multilayer
