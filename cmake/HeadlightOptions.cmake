# Flags that every Headlight target shares, carried by two interface targets:
#   headlight_flags     what a user of the library needs as well (language level, machine, includes)
#   headlight_warnings  ours alone
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(xtensor REQUIRED)
find_package(xtensor-blas REQUIRED)

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_EXTENSIONS OFF)
if(PROJECT_IS_TOP_LEVEL)
  if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
  endif()
  # A second build of the same sources is then a matter of seconds; nothing depends on it.
  find_program(HEADLIGHT_CCACHE ccache)
  mark_as_advanced(HEADLIGHT_CCACHE)
  if(HEADLIGHT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER AND NOT HEADLIGHT_COVERAGE)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${HEADLIGHT_CCACHE}")
  endif()
endif()

add_library(headlight_flags INTERFACE)
target_compile_features(headlight_flags INTERFACE cxx_std_20)
target_include_directories(headlight_flags INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:include/headlight>)
# No -ffast-math: it would fold isnan() and flush denormals in the whole process. These two only drop errno and the
# floating-point exception flags, which nothing reads.
target_compile_options(headlight_flags INTERFACE -fno-math-errno -fno-trapping-math -fopenmp-simd)
if(NOT HEADLIGHT_PORTABLE)
  target_compile_options(headlight_flags INTERFACE -march=native)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(headlight_flags INTERFACE -mprefer-vector-width=512)
    if(CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 12 AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
      # With AVX-512, g++ 12.2 copies the constant aggregate {1, 1, 0, 0} of four 8-byte members as {1, 1, 1, 1}: an
      # options struct passed by value arrives wrong. Moving constants in pieces of 16 bytes avoids it
      # (tests/core/run/test_compiler.cpp).
      target_compile_options(headlight_flags INTERFACE -mmove-max=128 -mstore-max=128)
    endif()
  endif()
endif()
if(HEADLIGHT_DEBUG_CHECKS)
  target_compile_definitions(headlight_flags INTERFACE
    XTENSOR_ENABLE_ASSERT XTENSOR_ENABLE_CHECK_DIMENSION HEADLIGHT_POISON_BUFFERS _GLIBCXX_ASSERTIONS)
endif()
if(HEADLIGHT_SANITIZE)
  set(sanitizers "${HEADLIGHT_SANITIZE}")
  if(NOT sanitizers MATCHES "^(address|undefined|address,undefined|thread)$")
    message(FATAL_ERROR "HEADLIGHT_SANITIZE: unknown value ${sanitizers}; use address,undefined or thread")
  endif()
  target_compile_options(headlight_flags INTERFACE -fsanitize=${sanitizers} -fno-omit-frame-pointer)
  target_link_options(headlight_flags INTERFACE -fsanitize=${sanitizers})
  if(sanitizers MATCHES "undefined")
    # A finding ends the program, so that a test cannot pass over it.
    target_compile_options(headlight_flags INTERFACE -fno-sanitize-recover=all)
  endif()
endif()
if(HEADLIGHT_COVERAGE)
  # Atomic counters: the kernels run on several threads.
  target_compile_options(headlight_flags INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(headlight_flags INTERFACE --coverage)
endif()
if(HEADLIGHT_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "HEADLIGHT_FUZZ: libFuzzer comes with clang, not ${CMAKE_CXX_COMPILER_ID}; use the preset fuzz")
  endif()
  # Clang reports each `omp simd` loop that it leaves as it is under sanitizers.
  target_compile_options(headlight_flags INTERFACE -fsanitize=fuzzer-no-link -Wno-pass-failed)
endif()

add_library(headlight_warnings INTERFACE)
target_compile_options(headlight_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wdouble-promotion -Wimplicit-fallthrough)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # g++ 12 warns of overlapping copies inside operator+ of std::string, falsely (GCC bug 105651).
  target_compile_options(headlight_warnings INTERFACE -Wno-restrict)
endif()
if(HEADLIGHT_WERROR)
  target_compile_options(headlight_warnings INTERFACE -Werror)
endif()
