// Shuffled orders of many epochs from PCG64's state: the draws that random.py documents, with no branch on what is drawn.
#include <Python.h>

#include <cstdint>

namespace {

using Wide = unsigned __int128;

// O'Neill's PCG XSL RR 128/64; NumPy draws halves of its words of 64 bits and keeps the upper one for the next draw.
struct Pcg64 {
    Wide state, increment;
    bool kept;
    std::uint32_t upper;

    // The lower half of the next word; its upper one stands beside.
    std::uint32_t lower() {
        constexpr Wide multiplier = (Wide{0x2360ED051FC65DA4} << 64) | 0x4385DF649FCCF645;
        state = state * multiplier + increment;
        const std::uint64_t folded = static_cast<std::uint64_t>(state >> 64) ^ static_cast<std::uint64_t>(state);
        const unsigned turn = static_cast<unsigned>(state >> 122);
        const std::uint64_t word = (folded >> turn) | (folded << (-turn & 63));
        upper = static_cast<std::uint32_t>(word >> 32);
        return static_cast<std::uint32_t>(word);
    }

    std::uint32_t half() {
        kept = !kept;
        return kept ? lower() : upper;
    }
};

// Entry i changes places with the entry drawn, or with itself if the draw is beyond it; the next i to be drawn for.
inline std::uint32_t exchange(std::int64_t* order, std::uint32_t i, std::uint32_t draw) {
    const bool taken = draw <= i;
    const std::uint32_t j = taken ? draw : i;
    const std::int64_t last = order[i], chosen = order[j];
    order[j] = last;
    order[i] = chosen;
    return i - taken;
}

void shuffle(Pcg64& generator, std::int64_t* order, std::uint32_t n) {
    for (std::uint32_t k = 0; k < n; ++k) order[k] = k;
    std::uint32_t i = n == 0 ? 0 : n - 1;
    while (i > 0) {
        // As many low bits as i has; they stay so many down to i = below + 1.
        const std::uint32_t bits = ~std::uint32_t{0} >> __builtin_clz(i), below = bits >> 1;
        if (!generator.kept) {
            while (i > below + 1) {
                i = exchange(order, i, generator.lower() & bits);
                i = exchange(order, i, generator.upper & bits);
            }
        }
        if (i > below) i = exchange(order, i, generator.half() & bits);
    }
}

int to_word(PyObject* given, void* word) {
    *static_cast<std::uint64_t*>(word) = PyLong_AsUnsignedLongLong(given);
    return PyErr_Occurred() == nullptr;
}

// Whether a buffer holds rows of int64, no longer than draws of 32 bits reach.
bool holds_orders(const Py_buffer& buffer) {
    const char type = buffer.format[0];
    return buffer.ndim == 2 && buffer.itemsize == 8 && (type == 'l' || type == 'q') && buffer.format[1] == 0 &&
           buffer.shape[1] <= std::int64_t{UINT32_MAX};
}

PyObject* shuffled(PyObject*, PyObject* arguments) {
    PyObject* orders;
    std::uint64_t state[2], increment[2], upper;
    int kept;
    if (!PyArg_ParseTuple(arguments, "OO&O&O&O&pO&:shuffled", &orders, to_word, &state[0], to_word, &state[1], to_word,
                          &increment[0], to_word, &increment[1], &kept, to_word, &upper)) {
        return nullptr;
    }
    if (upper > UINT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "upper: must have 32 bits");
        return nullptr;
    }
    Py_buffer buffer;
    if (PyObject_GetBuffer(orders, &buffer, PyBUF_WRITABLE | PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) != 0) return nullptr;
    if (!holds_orders(buffer)) {
        PyBuffer_Release(&buffer);
        PyErr_SetString(PyExc_ValueError, "orders: must be int64, of shape (epochs, n) with n < 2**32");
        return nullptr;
    }
    Pcg64 generator{(Wide{state[0]} << 64) | state[1], (Wide{increment[0]} << 64) | increment[1], kept != 0,
                    static_cast<std::uint32_t>(upper)};
    Py_BEGIN_ALLOW_THREADS
    auto* order = static_cast<std::int64_t*>(buffer.buf);
    for (Py_ssize_t epoch = 0; epoch < buffer.shape[0]; ++epoch, order += buffer.shape[1]) {
        shuffle(generator, order, static_cast<std::uint32_t>(buffer.shape[1]));
    }
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&buffer);
    return Py_BuildValue("(KKiI)", static_cast<unsigned long long>(generator.state >> 64),
                         static_cast<unsigned long long>(generator.state), generator.kept ? 1 : 0, generator.upper);
}

PyMethodDef functions[] = {
    {"shuffled", shuffled, METH_VARARGS,
     "shuffled(orders, state_high, state_low, increment_high, increment_low, kept, upper)\n--\n\n"
     "Fill each row of orders with a shuffle of 0, 1, ...; returns the new state_high, state_low, kept and upper."},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef_Slot slots[] = {
#if defined(Py_GIL_DISABLED)
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, nullptr},
};

PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_order", nullptr, 0, functions, slots, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__order() {
    return PyModuleDef_Init(&definition);
}
