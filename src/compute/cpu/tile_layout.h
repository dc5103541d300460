// Tiles of 16 rows (cpu_rows.h) to rows side by side and back, so that rows can change places: a row that is picked out
// of a tile, or put into one, touches d cache lines, one that lies in one piece d / 16.
#pragma once

#include <cstdint>

namespace clientele {

/// rows: 16 x d, row-major, from a tile.
void rows_of_tile(const float* tile, int d, float* rows);

/// A tile of the rows from[0..15] of `rows`, row-major with d columns.
void tile_of_rows(const float* rows, int d, const uint32_t* from, float* tile);

}  // namespace clientele
