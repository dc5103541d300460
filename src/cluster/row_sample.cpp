#include "clientele/cluster/row_sample.h"

#include <algorithm>
#include <numeric>

#include "clientele/base/transform.h"
#include "clientele/cluster/across_ranks.h"

namespace clientele {

namespace {

constexpr int64_t kMostWeight = int64_t{1} << 38;

/// A sum of m beyond 2^42 might overflow (fixed_point.h); copies of rows come on top.
void scale_down(std::vector<int64_t>& weights) {
  int bits = 0;
  while (std::accumulate(weights.begin(), weights.end(), int64_t{0},
                         [&](int64_t sum, int64_t m) { return sum + (m >> bits); }) > kMostWeight)
    ++bits;
  for (int64_t& m : weights) m = std::max<int64_t>(m >> bits, 1);
}

}  // namespace

RowSample draw_row_sample(const RowBlocks& rows, const RandomKey& key, int64_t count, Env& env) {
  RowSample out{.d = rows.d, .row = {}, .values = {}, .weight = {}, .scales = rows.scales, .variances = rows.variances};
  for (const auto& [bits, row] : smallest_keys(rows, key, count, env)) out.row.push_back(row);
  std::sort(out.row.begin(), out.row.end());
  out.values = fetch_rows(rows, out.row, env);
  out.weight = fetch_weights(rows, out.row, env);
  scale_down(out.weight);
  return out;
}

RowBlocks make_sample_blocks(const RowSample& sample, Env& env) {
  RowBlocks out;
  out.total_rows = out.rows = sample.rows();
  out.d = sample.d;
  out.weighted = true;
  out.scales = sample.scales;
  out.variances = sample.variances;
  out.means.assign(static_cast<size_t>(sample.d), 0);
  out.blocks.push_back(env.backend.make_rows(0, sample.rows(), sample.d, true, "sample of the rows"));
  std::vector<FeatureTransform> as_is(static_cast<size_t>(sample.d));
  std::vector<double> columns(sample.values.size());
  for (int j = 0; j < sample.d; ++j) {
    as_is[static_cast<size_t>(j)].source = j;
    for (int64_t i = 0; i < sample.rows(); ++i)
      columns[static_cast<size_t>(j * sample.rows() + i)] = static_cast<double>(sample.values_of(i)[j]);
  }
  env.backend.column_ops().transform({columns.data(), sample.rows(), sample.d, sample.rows()}, as_is, {},
                                     *out.blocks[0], 0);
  return out;
}

}  // namespace clientele
