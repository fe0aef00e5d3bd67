// Memory for vectors: aligned to a cache line, filled with zeros, freed with its owner.
#pragma once

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>

namespace multilayer {

constexpr std::size_t ALIGNMENT = 64;
constexpr std::size_t LARGE_PAGE = std::size_t{1} << 21;

// Memory of several pages' worth asks for large ones: walking through W's rows touches a page a row otherwise.
inline std::size_t alignment_of(std::size_t bytes) { return bytes >= LARGE_PAGE / 2 ? LARGE_PAGE : ALIGNMENT; }

struct AlignedDelete {
    std::size_t alignment = ALIGNMENT;

    void operator()(void* memory) const { ::operator delete(memory, std::align_val_t{alignment}); }
};

// Room for n numbers and one vector more, which partial loads and stores of the last may touch.
template <typename T> class Memory {
public:
    Memory() = default;
    explicit Memory(std::ptrdiff_t n) : n_(n) {
        const std::size_t bytes = static_cast<std::size_t>(n) * sizeof(T) + 2 * ALIGNMENT;
        const std::size_t alignment = alignment_of(bytes);
        memory_ = {static_cast<T*>(::operator new(bytes, std::align_val_t{alignment})), AlignedDelete{alignment}};
#if defined(__linux__)
        if (alignment == LARGE_PAGE) madvise(memory_.get(), bytes, MADV_HUGEPAGE);  // a wish: it may be refused
#endif
        std::memset(memory_.get(), 0, bytes);
    }

    T* get() const { return memory_.get(); }
    T& operator[](std::ptrdiff_t i) const { return memory_.get()[i]; }
    std::ptrdiff_t size() const { return n_; }

    // At least n numbers; what was there is lost when it grows.
    void reserve(std::ptrdiff_t n) {
        if (n > n_) *this = Memory(n);
    }

private:
    std::unique_ptr<T, AlignedDelete> memory_;
    std::ptrdiff_t n_ = 0;
};

}  // namespace multilayer
