// The one macro header: marks functions that both the host compiler and nvcc build.
#pragma once

#ifdef __CUDACC__
#define CLIENTELE_HD __host__ __device__
#else
#define CLIENTELE_HD
#endif
