// The instruction-set levels that this processor and its operating system run; compiled for every machine.
#include <Python.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace {

#if defined(__x86_64__)

// What compilers may use at a level: https://gitlab.com/x86-psABIs/x86-64-ABI, table "Micro-Architecture Levels".
// __builtin_cpu_supports also asks whether the system saves the registers. It names three of v3's only in new compilers:
// those are bits of cpuid.
bool runs_v2() {
    return __builtin_cpu_supports("sse3") && __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("sse4.1") &&
           __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
}

bool has_f16c_movbe_lzcnt() {
    unsigned a, b, c, d;
    constexpr unsigned movbe = 1u << 22, f16c = 1u << 29, lzcnt = 1u << 5;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & movbe) == 0 || (c & f16c) == 0) {
        return false;
    }
    return __get_cpuid(0x80000001, &a, &b, &c, &d) && (c & lzcnt) != 0;
}

bool runs_v3() {
    return runs_v2() && __builtin_cpu_supports("avx") && __builtin_cpu_supports("avx2") &&
           __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma") &&
           has_f16c_movbe_lzcnt();
}

bool runs_v4() {
    return runs_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}

#endif

PyObject* levels(PyObject*, PyObject*) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (runs_v4()) {
        return Py_BuildValue("(sss)", "v4", "v3", "v2");
    }
    if (runs_v3()) {
        return Py_BuildValue("(ss)", "v3", "v2");
    }
    return runs_v2() ? Py_BuildValue("(s)", "v2") : PyTuple_New(0);
#else
    return Py_BuildValue("(s)", "arm64");
#endif
}

PyMethodDef functions[] = {
    {"levels", levels, METH_NOARGS, "levels()\n--\n\nNames of the instruction-set levels that this machine runs, best first."},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef_Slot slots[] = {
#if defined(Py_GIL_DISABLED)
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, nullptr},
};

PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_cpu", nullptr, 0, functions, slots, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__cpu() {
    return PyModuleDef_Init(&definition);
}
