#include "bench/support/bench_rows.h"

#include <algorithm>
#include <stdexcept>

#include "clientele/compute/formulas.h"

namespace clientele::bench {
namespace {

uint64_t mix(uint64_t x) {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

/// Sum of four uniform numbers of 16 bits: near enough to normal, standard deviation 1.
double noise(uint64_t bits) {
  double sum = 0;
  for (int i = 0; i < 4; ++i) sum += static_cast<double>(bits >> (16 * i) & 0xFFFF);
  return (sum / 65536 - 2) * 1.7320508075688772;
}

}  // namespace

GroupedValues::GroupedValues(int d, int groups) : d_(d), groups_(groups) {
  for (int i = 0; i < d * groups; ++i) centres_.push_back(1.5 * noise(mix(static_cast<uint64_t>(i))));
}

double GroupedValues::operator()(int64_t row, int j) const {
  const uint64_t group = mix(static_cast<uint64_t>(row)) % static_cast<uint64_t>(groups_);
  const uint64_t cell = static_cast<uint64_t>(row) * static_cast<uint64_t>(d_) + static_cast<uint64_t>(j);
  return centres_[group * static_cast<uint64_t>(d_) + static_cast<uint64_t>(j)] +
         noise(mix(cell + (uint64_t{1} << 50)));
}

std::vector<float> GroupedValues::start(int k, int64_t rows) const {
  std::vector<float> centroids;
  for (int c = 0; c < k; ++c)
    for (int j = 0; j < d_; ++j) centroids.push_back(static_cast<float>((*this)(rows / k * c, j)));
  return centroids;
}

std::unique_ptr<RowBlock> make_block(Backend& backend, int64_t n, int d, const GroupedValues& values) {
  auto block = backend.make_rows(0, n, d, false, "rows of a benchmark");
  std::vector<FeatureTransform> identity(static_cast<size_t>(d));
  for (int j = 0; j < d; ++j) identity[static_cast<size_t>(j)].source = j;
  constexpr int64_t kPiece = 8192;
  std::vector<double> columns(static_cast<size_t>(kPiece * d));
  for (int64_t begin = 0; begin < n; begin += kPiece) {
    const int64_t count = std::min(kPiece, n - begin);
    for (int j = 0; j < d; ++j)
      for (int64_t i = 0; i < count; ++i) columns[static_cast<size_t>(j * kPiece + i)] = values(begin + i, j);
    backend.column_ops().transform({columns.data(), count, d, kPiece}, identity, {}, *block, begin);
  }
  return block;
}

void check_pass(Backend& backend, const RowBlock& rows, const GroupedValues& values, const CentroidsView& centroids,
                const PassResult& pass) {
  std::vector<int32_t> labels(static_cast<size_t>(rows.rows()));
  backend.assign_ops().copy_labels(rows, labels);
  std::vector<float> row(static_cast<size_t>(rows.d()));
  for (int64_t i = 0; i < std::min<int64_t>(rows.rows(), 2000); ++i) {
    for (int j = 0; j < rows.d(); ++j) row[static_cast<size_t>(j)] = to_feature(values(i, j));
    int32_t nearest = 0;
    double least = HUGE_VAL;
    for (int32_t c = 0; c < centroids.k; ++c) {
      const double d2 = canonical_d2(row.data(), 1, centroids.data + int64_t{c} * rows.d(), 1, rows.d());
      if (d2 < least) {
        least = d2;
        nearest = c;
      }
    }
    if (labels[static_cast<size_t>(i)] != nearest) throw std::runtime_error("a label differs from the definition");
  }
  std::vector<int64_t> counts(static_cast<size_t>(centroids.k));
  for (const int32_t label : labels) ++counts[static_cast<size_t>(label)];
  if (counts != pass.counts) throw std::runtime_error("counts differ from the labels");
}

}  // namespace clientele::bench
