# The instruction-set levels of this processor family, and how a target is compiled for one of them.
# An object file belongs to one level: objects of two levels in one module would share template instances.
include(CheckCXXSourceCompiles)

foreach(family x86_64 aarch64)
    check_cxx_source_compiles("#ifndef __${family}__\n#error\n#endif\nint main() {}" MULTILAYER_IS_${family})
endforeach()

if(WIN32 OR NOT CMAKE_CXX_COMPILER_ID MATCHES "^(GNU|Clang|AppleClang)$")
    message(FATAL_ERROR "multilayer: the native engine needs GCC or Clang on Linux or macOS; "
                        "this is ${CMAKE_CXX_COMPILER_ID} on ${CMAKE_SYSTEM_NAME}.")
elseif(MULTILAYER_IS_x86_64)
    set(MULTILAYER_LEVELS v2 v3 v4)
elseif(MULTILAYER_IS_aarch64)
    set(MULTILAYER_LEVELS arm64)
else()
    message(FATAL_ERROR "multilayer: the native engine runs on x86-64 and arm64, not on ${CMAKE_SYSTEM_PROCESSOR}.")
endif()

option(MULTILAYER_WARNINGS_AS_ERRORS "Stop at a compiler's warning" OFF)

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

function(multilayer_compile_for target level)
    target_compile_features(${target} PRIVATE cxx_std_17)
    set_target_properties(${target} PROPERTIES
        CXX_EXTENSIONS OFF
        CXX_VISIBILITY_PRESET hidden
        VISIBILITY_INLINES_HIDDEN ON
        POSITION_INDEPENDENT_CODE ON)
    target_compile_options(${target} PRIVATE
        -ffp-contract=off -fno-math-errno -fno-trapping-math
        $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>
        -Wall -Wextra -Wpedantic -Wno-psabi $<$<BOOL:${MULTILAYER_WARNINGS_AS_ERRORS}>:-Werror>
        $<$<CXX_COMPILER_ID:GNU>:-Wno-free-nonheap-object>)  # GCC 12 sees it in std::vector, where it is not
    if(level MATCHES "^v")
        target_compile_options(${target} PRIVATE -march=x86-64-${level})
    endif()
    target_link_libraries(${target} PRIVATE Threads::Threads)
endfunction()
