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
        const double usual = (settled_all_ ? all_ : one_).cost();
        const bool hopeless = trying_ && seconds_ >= HOPELESS_SECONDS && seconds_ / rows_ > HOPELESS * usual;
        if (seconds_ < BLOCK_SECONDS && !hopeless) return;
        measured({seconds_, rows_});
        seconds_ = rows_ = 0;
    }

private:
    static constexpr double BLOCK_SECONDS = 2e-3, HOPELESS_SECONDS = 4e-4, HOPELESS = 1.2, MARGIN = 0.97;
    static constexpr int SHORTEST_GAP = 4, LONGEST_GAP = 128, PROOF = 8;

    // Seconds a row over some blocks, of which the latest count most: where a helper has to wait now and then, most blocks
    // are fast and few very slow, and neither tells alone.
    struct Mean {
        double seconds = 0, rows = 0;

        double cost() const { return seconds / rows; }
        void add(const Mean& block) { seconds = KEPT * seconds + block.seconds, rows = KEPT * rows + block.rows; }

        static constexpr double KEPT = 0.875;
    };

    void measured(const Mean& block) {
        const bool all = all_threads();
        if (trying_) {
            trying_ = false;
            (all ? all_ : one_) = block;
            const bool better = block.cost() < MARGIN * (all ? one_ : all_).cost();
            if (!better) wait(2 * gap_);
            else if (all) settle_for_all();
            else settle_for_one();
            return;
        }
        ++stayed_;
        (all ? all_ : one_).add(block);
        if (all && one_.rows > 0 && all_.cost() > one_.cost()) {
            settle_for_one();
        } else if (--left_ <= 0) {
            trying_ = true, waking_ = !settled_all_;
        }
    }

    void settle_for_all() {
        settled_all_ = true;
        gap_before_ = gap_, stayed_ = 0;
        wait(SHORTEST_GAP);
    }
    // What wins a trial and loses soon after, won by luck: a helper that was just woken is let in first on a busy core.
    void settle_for_one() {
        settled_all_ = false;
        wait(stayed_ <= PROOF ? 2 * gap_before_ : SHORTEST_GAP);
    }

    void wait(int blocks) { left_ = gap_ = std::min(blocks, LONGEST_GAP); }

    bool settled_all_ = true, trying_ = false, waking_ = false;
    Mean one_, all_;
    double seconds_ = 0, rows_ = 0;      // of the block so far
    int gap_ = SHORTEST_GAP, left_ = 2;  // blocks: between trials, till the next one
    int gap_before_ = SHORTEST_GAP;      // before the trial that all won
    int stayed_ = PROOF;                 // blocks since then; at first there is nothing to prove
};

}  // namespace multilayer
