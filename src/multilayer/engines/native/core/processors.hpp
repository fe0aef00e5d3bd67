// Which processor a thread is on, and how it gets off one that another thread needs.
//
// A system may wake a helper on its caller's processor though others are idle: Linux does, where all were busy shortly
// before. Both then take turns, no faster than one, and too shortly for the system to part them.
#pragma once

#if defined(__linux__)
#include <sched.h>
#endif

namespace multilayer {

// −1: not known.
inline int current_processor() {
#if defined(__linux__)
    return sched_getcpu();
#else
    return -1;
#endif
}

// Moves this thread off a processor, if as many as `threads` may be used; afterwards it may go where it might before.
inline void leave_processor([[maybe_unused]] int processor, [[maybe_unused]] int threads) {
#if defined(__linux__)
    cpu_set_t allowed;
    if (processor >= CPU_SETSIZE || sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) < threads) return;
    cpu_set_t others = allowed;
    CPU_CLR(static_cast<unsigned>(processor), &others);
    if (sched_setaffinity(0, sizeof others, &others) == 0) sched_setaffinity(0, sizeof allowed, &allowed);
#endif
}

}  // namespace multilayer
