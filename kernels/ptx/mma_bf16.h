// One instruction that C++ has no word for. Tests on machines without a GPU find a model of it under this name.
#pragma once

#include <cstdint>

namespace clientele::gpu {

/// acc += A B by a warp's tensor cores: A 16 x 16 and B 16 x 8 of bf16, acc 16 x 8 of float32. With g = lane / 4 and t
/// = lane % 4, a lane holds two neighbours a register, the first in the low half: a: rows g, g + 8, g, g + 8; columns
/// 2t, 2t, 2t + 8, 2t + 8, each with the next.   b: rows 2t and 2t + 8 of column g. acc: row g, columns 2t and 2t + 1;
/// row g + 8, the same.                           (PTX: mma.m16n8k16)
__device__ inline void mma_bf16(float (&acc)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, "
      "%3};"
      : "+f"(acc[0]), "+f"(acc[1]), "+f"(acc[2]), "+f"(acc[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

}  // namespace clientele::gpu
