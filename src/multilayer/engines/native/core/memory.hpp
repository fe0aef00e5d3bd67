// Memory for vectors: aligned to a cache line, filled with zeros, freed with its owner.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>

namespace multilayer {

constexpr std::size_t ALIGNMENT = 64;

struct AlignedDelete {
    void operator()(void* memory) const { ::operator delete(memory, std::align_val_t{ALIGNMENT}); }
};

// Room for n numbers and one vector more, which partial loads and stores of the last may touch.
template <typename T> class Memory {
public:
    Memory() = default;
    explicit Memory(std::ptrdiff_t n) : n_(n) {
        const std::size_t bytes = static_cast<std::size_t>(n) * sizeof(T) + 2 * ALIGNMENT;
        memory_.reset(static_cast<T*>(::operator new(bytes, std::align_val_t{ALIGNMENT})));
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
