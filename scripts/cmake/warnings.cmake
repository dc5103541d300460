# Flags that every target of this project is built with. The arithmetic ones are the promise of "same bytes":
# no contraction of a*b+c, no fast-math, anywhere, the host side of nvcc included.
add_library(clientele_flags INTERFACE)
target_compile_options(clientele_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-ffp-contract=off -fno-fast-math -Wall -Wextra -Wpedantic -Wshadow -Wconversion
    -Wno-sign-conversion -Werror>
  # GCC 12 sees overlaps in std::string operator+ that are not there (GCC bug 105651).
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-Wno-restrict>
  $<$<COMPILE_LANGUAGE:CUDA>:-fmad=false -ftz=false -prec-div=true -prec-sqrt=true -Werror=all-warnings
    -Xcompiler=-ffp-contract=off,-Wall,-Wextra,-Wshadow,-Werror>)
if(CLIENTELE_SANITIZE)
  string(REPLACE ";" "," sanitizers "${CLIENTELE_SANITIZE}")
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${sanitizers}> $<$<COMPILE_LANGUAGE:CXX>:-fno-omit-frame-pointer>)
  if("undefined" IN_LIST CLIENTELE_SANITIZE)
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize-recover=undefined>)
  endif()
  add_link_options(-fsanitize=${sanitizers})
endif()
