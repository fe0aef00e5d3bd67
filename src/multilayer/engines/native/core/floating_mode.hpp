// Subnormal numbers count as 0 while this lives; the mode from before comes back after it.
//
// They carry no information in training, and arithmetic on them is up to a hundred times slower.
#pragma once

#include <cstdint>

#include "lanes.hpp"

namespace multilayer {

class FlushSubnormals {
public:
    FlushSubnormals() : before_(read()) { write(before_ | BITS); }
    FlushSubnormals(const FlushSubnormals&) = delete;
    FlushSubnormals& operator=(const FlushSubnormals&) = delete;
    ~FlushSubnormals() { write(before_); }

private:
#if defined(__SSE2__)
    using Mode = unsigned;
    static constexpr Mode BITS = 0x8040;  // flush results to zero, take operands as zero
    static Mode read() { return _mm_getcsr(); }
    static void write(Mode mode) { _mm_setcsr(mode); }
#elif defined(__aarch64__)
    using Mode = std::uint64_t;
    static constexpr Mode BITS = std::uint64_t{1} << 24;
    static Mode read() {
        Mode mode;
        asm volatile("mrs %0, fpcr" : "=r"(mode));
        return mode;
    }
    static void write(Mode mode) { asm volatile("msr fpcr, %0" : : "r"(mode)); }
#endif
    Mode before_;
};

}  // namespace multilayer
