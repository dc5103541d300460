# What an nvcc can do, before CMake is asked to use it: enable_language() ends the whole configuration where a compiler cannot.

# found = where nvcc is, empty if there is none. The order is that of enable_language(CUDA).
function(clientele_find_nvcc found)
  set(nvcc ${CMAKE_CUDA_COMPILER})
  if(NOT nvcc AND DEFINED ENV{CUDACXX})
    separate_arguments(words UNIX_COMMAND "$ENV{CUDACXX}")
    list(GET words 0 nvcc)
  endif()
  if(NOT nvcc)
    find_program(nvcc nvcc NO_CACHE HINTS ENV CUDA_PATH PATH_SUFFIXES bin)
  endif()
  if(NOT nvcc)
    set(nvcc "")
  endif()
  set(${found} ${nvcc} PARENT_SCOPE)
endfunction()

# version = "12.4", empty if the program does not say.
function(clientele_nvcc_version nvcc version)
  execute_process(COMMAND ${nvcc} --version OUTPUT_VARIABLE said ERROR_QUIET RESULT_VARIABLE code)
  set(${version} "" PARENT_SCOPE)
  if(code EQUAL 0 AND said MATCHES "release ([0-9]+\\.[0-9]+)")
    set(${version} ${CMAKE_MATCH_1} PARENT_SCOPE)
  endif()
endfunction()

# reason = why a toolkit of this version cannot build kernels/, or empty.
function(clientele_refuse_nvcc version reason)
  set(${reason} "" PARENT_SCOPE)
  if(version STREQUAL "")
    set(${reason} "the CUDA compiler does not tell its version" PARENT_SCOPE)
  elseif(version VERSION_LESS 12.0)
    set(${reason} "CUDA ${version} has no C++20: 12.0 or newer is needed" PARENT_SCOPE)
  endif()
endfunction()

# Machine code for each of these, so that nothing compiles at run time on them; intermediate code of the oldest and the newest for all others.
function(clientele_cuda_architectures version list)
  if(version VERSION_LESS 12.8)
    set(${list} 80 86-real 89-real 90 PARENT_SCOPE)
  else()
    set(${list} 80 86-real 89-real 90-real 100-real 120 PARENT_SCOPE)
  endif()
endfunction()
