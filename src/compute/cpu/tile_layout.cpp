#include "tile_layout.h"

#include <cstring>

#include "cpu_rows.h"

namespace clientele {
namespace {

// The compiler's own vectors: every processor that is built for has 16 bytes, and wider ones gain nothing here.
typedef float Four __attribute__((vector_size(16)));

Four load(const float* from) {
  Four x;
  std::memcpy(&x, from, sizeof x);
  return x;
}

void store(const Four& x, float* to) {
  std::memcpy(to, &x, sizeof x);
}

/// to + i * to_step: element i of the four vectors at from + i * from_step.
void transpose(const float* const (&from)[4], float* to, int64_t to_step) {
  const Four a = load(from[0]), b = load(from[1]), c = load(from[2]), d = load(from[3]);
  const Four ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  const Four ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  store(__builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5), to);
  store(__builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7), to + to_step);
  store(__builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5), to + 2 * to_step);
  store(__builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7), to + 3 * to_step);
}

}  // namespace

void rows_of_tile(const float* tile, int d, float* rows) {
  int j = 0;
  for (; j + 4 <= d; j += 4) {
    for (int lane = 0; lane < kTileRows; lane += 4) {
      const float* column = tile + j * kTileRows + lane;
      transpose({column, column + kTileRows, column + 2 * kTileRows, column + 3 * kTileRows}, rows + lane * d + j, d);
    }
  }
  for (; j < d; ++j)
    for (int lane = 0; lane < kTileRows; ++lane) rows[lane * d + j] = tile[j * kTileRows + lane];
}

void tile_of_rows(const float* rows, int d, const uint32_t* from, float* tile) {
  for (int lane = 0; lane < kTileRows; lane += 4) {
    const float* row[4];
    for (int i = 0; i < 4; ++i) row[i] = rows + int64_t{from[lane + i]} * d;
    int j = 0;
    for (; j + 4 <= d; j += 4)
      transpose({row[0] + j, row[1] + j, row[2] + j, row[3] + j}, tile + j * kTileRows + lane, kTileRows);
    for (; j < d; ++j)
      for (int i = 0; i < 4; ++i) tile[j * kTileRows + lane + i] = row[i][j];
  }
}

}  // namespace clientele
