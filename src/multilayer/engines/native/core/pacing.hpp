// How many threads the next steps get, by measuring while running: one or all, whichever is faster at the moment.
//
// A helper that has to share its core makes every step wait for it. So blocks of steps are timed, the slower way is
// given up, and it is tried again after gaps that double as long as it stays the slower one.
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
        if (trying_) {
            trying_ = false;
            (all ? all_ : one_) = cost;
            const bool better = all ? all_ < MARGIN * one_ : one_ < MARGIN * all_;
            if (better) settled_all_ = all, stayed_ = 0;
            wait(better ? SHORTEST_GAP : 2 * gap_);
            return;
        }
        ++stayed_;
        double& usual = all ? all_ : one_;  // a single slow block may be anything, and counts for little
        usual = usual == 0 ? cost : (usual + std::min(cost, OUTLIER * usual)) / 2;
        if (all && one_ > 0 && usual > one_) {
            settled_all_ = false;
            wait(stayed_ < gap_ ? 2 * gap_ : SHORTEST_GAP);  // had it won by luck?
        } else if (--left_ <= 0) {
            trying_ = true;
        }
    }

    static constexpr double BLOCK_SECONDS = 2e-3;

private:
    static constexpr double MARGIN = 0.97, OUTLIER = 1.5;
    static constexpr int SHORTEST_GAP = 4, LONGEST_GAP = 96;

    void wait(int blocks) { left_ = gap_ = std::min(blocks, LONGEST_GAP); }

    bool settled_all_ = true, trying_ = false;
    double one_ = 0, all_ = 0;
    int gap_ = SHORTEST_GAP, left_ = 2, stayed_ = 0;  // blocks: between trials, till the next one, since all won
};

}  // namespace multilayer
