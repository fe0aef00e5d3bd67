// How many threads the next steps get, by measuring while running: one or all, whichever is faster at the moment.
//
// A helper that has to share its core makes every step wait for it. So blocks of steps are timed, the slower way is
// given up, and it is tried again after gaps that double as long as it stays the slower one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

namespace multilayer {

class Pacing {
public:
    // For the coming step.
    bool all_threads() const { return trying_ != settled_all_; }

    // A step's seconds, and its rows. Steps of one way make a block; a trial ends early where it is plainly slower.
    void stepped(double seconds, std::ptrdiff_t rows) {
        // How long waking takes, says little about the steps that follow, unless there is no processor to wake on.
        if (std::exchange(waking_, false) && seconds < BLOCK_SECONDS) return;
        seconds_ += seconds, rows_ += static_cast<double>(rows);
        const double cost = seconds_ / rows_;
        const double usual = settled_all_ ? all_ : one_;
        const bool hopeless = trying_ && seconds_ >= HOPELESS_SECONDS && cost > HOPELESS * usual;
        if (seconds_ < BLOCK_SECONDS && !hopeless) return;
        seconds_ = rows_ = 0;
        measured(cost);
    }

private:
    static constexpr double BLOCK_SECONDS = 2e-3, HOPELESS_SECONDS = 4e-4, HOPELESS = 1.2;
    static constexpr double MARGIN = 0.97, OUTLIER = 1.5;
    static constexpr int SHORTEST_GAP = 4, LONGEST_GAP = 96;

    // A block's seconds a row.
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
            trying_ = true, waking_ = !settled_all_;
        }
    }

    void wait(int blocks) { left_ = gap_ = std::min(blocks, LONGEST_GAP); }

    bool settled_all_ = true, trying_ = false, waking_ = false;
    double one_ = 0, all_ = 0;
    double seconds_ = 0, rows_ = 0;  // of the block so far
    int gap_ = SHORTEST_GAP, left_ = 2;  // blocks: between trials, till the next one
    int stayed_ = LONGEST_GAP;           // blocks since all won; at first they need no luck
};

}  // namespace multilayer
