#include "clientele/cluster/row_sample.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "start_sample.h"

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

RowSample draw_row_sample(RowBlocks& rows, int64_t count, uint64_t seed, Env& env) {
  const SampledRows drawn = draw_start_sample(rows, count, seed, env);
  std::vector<std::pair<uint64_t, size_t>> keys;  // equal bits by row: positions ascend with them
  for (size_t i = 0; i < drawn.row.size(); ++i) keys.emplace_back(drawn.bits[i], i);
  std::sort(keys.begin(), keys.end());
  keys.resize(std::min(keys.size(), static_cast<size_t>(count)));
  std::sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  RowSample out{.d = rows.d, .row = {}, .values = {}, .weight = {}, .scales = rows.scales, .variances = rows.variances};
  for (const auto& [bits, i] : keys) {
    out.row.push_back(drawn.row[i]);
    out.weight.push_back(drawn.weight[i]);
    const auto begin = drawn.values.begin() + static_cast<int64_t>(i) * rows.d;
    out.values.insert(out.values.end(), begin, begin + rows.d);
  }
  scale_down(out.weight);
  return out;
}

RowBlocks make_sample_blocks(const RowSample& sample, Env& env) {
  RowBlocks out;
  out.total_rows = out.rows = sample.rows();
  out.d = sample.d;
  out.weighted = true;
  out.weight_sum = std::accumulate(sample.weight.begin(), sample.weight.end(), int64_t{0});
  out.scales = sample.scales;
  out.variances = sample.variances;
  out.means.assign(static_cast<size_t>(sample.d), 0);
  out.blocks.push_back(env.backend.make_rows(0, sample.rows(), sample.d, true, "sample of the rows"));
  fill_block(
      *out.blocks[0], [&](int64_t i) { return sample.values_of(i); }, env);
  env.backend.sample_ops().set_weights(*out.blocks[0], sample.weight);
  return out;
}

}  // namespace clientele
