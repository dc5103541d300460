# Looks for a CUDA toolkit once. Without one the build goes on and says so: the CPU backend gives the same bytes.
set(CLIENTELE_HAS_CUDA OFF)
if(CLIENTELE_CUDA AND NOT CLIENTELE_SANITIZE)
  include(CheckLanguage)
  if(NOT CMAKE_CUDA_ARCHITECTURES)
    # Machine code for each of these, so that nothing compiles at run time on them; intermediate code of 8.0 and 12.0 for all others.
    set(CMAKE_CUDA_ARCHITECTURES 80 86-real 89-real 90-real 100-real 120)
  endif()
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    enable_language(CUDA)
    find_package(CUDAToolkit REQUIRED)
    set(CLIENTELE_HAS_CUDA ON)
    # CMake 3.25 (Debian 12) does not know how nvcc is asked for C++20.
    if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)
      set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
      set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
    endif()
    set(CMAKE_CUDA_STANDARD 20)
    # constexpr functions of the standard library (numeric_limits) are used by code shared between host and device.
    # Warning 554: views' conversion to a view of const elements is not used where they are const already, which is meant.
    add_compile_options($<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr> $<$<COMPILE_LANGUAGE:CUDA>:-diag-suppress=554>)
    message(STATUS "clientele: building with CUDA ${CUDAToolkit_VERSION} for ${CMAKE_CUDA_ARCHITECTURES}")
  endif()
endif()
if(NOT CLIENTELE_HAS_CUDA)
  message(STATUS "clientele: building without CUDA (no toolkit, switched off, or a sanitizer build)")
endif()
