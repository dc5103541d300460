#include "tests/support/row_makers.h"

#include <cmath>

#include "clientele/base/transform.h"

namespace clientele::oracle {

double uniform(uint64_t stream, uint64_t index) {
  return random_unit({stream, Purpose::generate, 0, 0, 0}, static_cast<int64_t>(index));
}

namespace {

double normal(uint64_t stream, uint64_t index) {
  double sum = -6;
  for (uint64_t i = 0; i < 12; ++i) sum += uniform(stream, index * 12 + i);
  return sum;
}

/// Coordinate j of centre c of the mixture that rows and centroids are drawn from.
double centre(int c, int j) {
  return std::round(16 * uniform(1, uint64_t(c) * 1000 + uint64_t(j))) - 8;
}

double value(const Shape& shape, int64_t i, int j) {
  const uint64_t at = uint64_t(i) * uint64_t(shape.d) + uint64_t(j);
  const int group = int(i % shape.k);
  switch (shape.kind) {
    case Kind::mixture:
      return centre(group, j) + normal(2, at);
    case Kind::lattice:
      return std::floor(5 * uniform(2, at)) - 2;
    case Kind::bisector: {
      const double middle = (centre(group, j) + centre((group + 1) % shape.k, j)) / 2;
      const float f = float(middle);
      return i % 3 == 0 ? f : std::nextafterf(f, i % 3 == 1 ? 1e9f : -1e9f);
    }
    case Kind::equal:
      return j == 0 ? 3 : 0.1 * j;
    case Kind::huge:
      return normal(2, at) * (i % 3 == 0 ? 1 : i % 3 == 1 ? 0x1p36 : 3e19);
    case Kind::tiny:
      return normal(2, at) * 0x1p-50;
    case Kind::offset:
      return 1e6 + 1e-2 * normal(2, at) + 0.125 * group;
  }
  return 0;
}

double centroid_value(const Shape& shape, int c, int j, int variant) {
  const uint64_t at = uint64_t(variant) * 1000000 + uint64_t(c) * 1000 + uint64_t(j);
  switch (shape.kind) {
    case Kind::mixture:
      return centre(c, j) + (variant + 1) * normal(3, at);
    case Kind::lattice:
      return std::floor(5 * uniform(3, at)) - 2;
    case Kind::bisector:
      return centre((c + variant) % shape.k, j);
    case Kind::equal:
      return (j == 0 ? 3 : 0.1 * j) + (c < 2 ? 0 : double(c));
    case Kind::huge:
      return c == 4 ? 3e38 : normal(3, at) * std::pow(2.0, 16 * (c % 5));
    case Kind::tiny:
      return normal(3, at) * (c % 2 == 0 ? 0x1p-50 : 0x1p-140);
    case Kind::offset:
      return 1e6 + 1e-2 * normal(3, at) + 0.125 * c;
  }
  return 0;
}

}  // namespace

std::string name(const Shape& shape) {
  static const char* const kinds[] = {"mixture", "lattice", "bisector", "equal", "huge", "tiny", "offset"};
  return std::string(kinds[int(shape.kind)]) + (shape.weighted ? " weighted" : "") + " n " + std::to_string(shape.n) +
         " d " + std::to_string(shape.d) + " k " + std::to_string(shape.k);
}

Rows make_rows(const Shape& shape) {
  Rows rows{shape.n, shape.d, {}, {}, 0};
  rows.x.reserve(size_t(shape.n) * size_t(shape.d));
  for (int64_t i = 0; i < shape.n; ++i)
    for (int j = 0; j < shape.d; ++j) rows.x.push_back(to_feature(value(shape, i, j)));
  if (shape.weighted)
    for (int64_t i = 0; i < shape.n; ++i)
      rows.m.push_back(i % 7 == 3 ? 0 : int64_t(uniform(5, uint64_t(i)) * 0x1p30) >> (i % 3 * 14));
  return rows;
}

Centroids make_centroids(const Shape& shape, const Rows& rows, int variant) {
  Centroids centroids{shape.k, {}};
  for (int c = 0; c < shape.k; ++c)
    for (int j = 0; j < shape.d; ++j) centroids.x.push_back(float(centroid_value(shape, c, j, variant)));
  // A centroid may be a row itself: D = 0.
  if (shape.k > 2)
    for (int j = 0; j < shape.d; ++j) centroids.x[size_t(2 * shape.d + j)] = rows.row(rows.n / 2)[j];
  return centroids;
}

}  // namespace clientele::oracle
