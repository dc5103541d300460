#include "start_sample.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace clientele {

namespace {

constexpr uint64_t kAllKeys = uint64_t{1} << 52;  // above every key
constexpr int64_t kPieceRows = 2048;              ///< whole tiles

/// Enough to hold `count` rows for all but certain.
double wanted_rows(int64_t count) {
  const double rows = static_cast<double>(count);
  return rows + 6 * std::sqrt(rows) + 16;
}

/// Keys are uniform: below this limit lie somewhat more than `count` of `rows`.
uint64_t first_limit(int64_t count, int64_t rows) {
  if (count >= rows) return kAllKeys;
  const double share = wanted_rows(count) / static_cast<double>(rows);
  return share >= 1 ? kAllKeys : static_cast<uint64_t>(std::ceil(std::ldexp(share, 52)));
}

/// Where too few lay below `limit`, since rows without weight are not drawn: what was found tells how many can be.
/// Never much above what is needed, as all that lies below is kept with its features.
uint64_t next_limit(uint64_t limit, int64_t count, int64_t found) {
  constexpr int64_t kTelling = 16;
  const double rows = static_cast<double>(found);
  const double factor = found < kTelling ? kTelling : wanted_rows(count) / (rows - 2 * std::sqrt(rows));
  const double next = std::ceil(static_cast<double>(limit) * factor);
  return next >= static_cast<double>(kAllKeys) ? kAllKeys : static_cast<uint64_t>(next);
}

/// The largest (bits, row) among the `count` smallest of the sample.
std::pair<uint64_t, int64_t> last_key(const SampledRows& sample, int64_t count) {
  std::vector<std::pair<uint64_t, int64_t>> keys;
  for (size_t i = 0; i < sample.row.size(); ++i) keys.emplace_back(sample.bits[i], sample.row[i]);
  const auto last = keys.begin() + (std::min<int64_t>(count, static_cast<int64_t>(keys.size())) - 1);
  std::nth_element(keys.begin(), last, keys.end());
  return *last;
}

/// Positions of the `count` smallest keys, in row order.
std::vector<size_t> smallest(const SampledRows& sample, int64_t count) {
  std::vector<size_t> positions;
  if (sample.row.empty()) return positions;
  const std::pair<uint64_t, int64_t> last = last_key(sample, count);
  for (size_t i = 0; i < sample.row.size(); ++i)
    if (std::pair(sample.bits[i], sample.row[i]) <= last) positions.push_back(i);
  return positions;
}

SampledRows gathered(SampledRows own, Comm& comm) {
  if (comm.size() == 1) return own;
  return {.row = comm.gather_all<int64_t>(own.row),
          .bits = comm.gather_all<uint64_t>(own.bits),
          .weight = comm.gather_all<int64_t>(own.weight),
          .values = comm.gather_all<float>(own.values)};
}

}  // namespace

SampledRows draw_start_sample(RowBlocks& rows, int64_t count, uint64_t seed, Env& env) {
  const RandomKey key{seed, Purpose::start_sample, 0, 0, 0};
  uint64_t limit = first_limit(count, rows.total_rows);
  for (;;) {
    SampledRows own;
    rows.each([&](RowBlock& block) { env.backend.sample_ops().sample_below(block, key, limit, own); });
    SampledRows all = gathered(std::move(own), env.comm);
    const int64_t found = static_cast<int64_t>(all.row.size());
    if (found >= count || limit == kAllKeys) return all;
    limit = next_limit(limit, count, found);
  }
}

void fill_block(RowBlock& block, const std::function<const float*(int64_t)>& values_of, Env& env) {
  const int64_t d = block.d();
  std::vector<FeatureTransform> as_is(static_cast<size_t>(d));
  for (int j = 0; j < block.d(); ++j) as_is[static_cast<size_t>(j)].source = j;
  env.pool.parallel_for((block.rows() + kPieceRows - 1) / kPieceRows, [&](int64_t piece, int) {
    const int64_t first = piece * kPieceRows, count = std::min(kPieceRows, block.rows() - first);
    std::vector<double> columns(static_cast<size_t>(count * d));
    for (int64_t i = 0; i < count; ++i) {
      const float* row = values_of(first + i);
      for (int64_t j = 0; j < d; ++j) columns[static_cast<size_t>(j * count + i)] = static_cast<double>(row[j]);
    }
    env.backend.column_ops().transform({columns.data(), count, d, count}, as_is, {}, block, first);
  });
}

RowBlocks sample_blocks(const SampledRows& sample, int64_t count, const RowBlocks& rows, Env& env) {
  const std::vector<size_t> chosen = smallest(sample, count);
  RowBlocks out;
  out.total_rows = out.rows = static_cast<int64_t>(chosen.size());
  out.d = rows.d;
  out.weighted = rows.weighted;
  out.weight_bits = rows.weight_bits;
  out.scales = rows.scales;
  out.variances = rows.variances;
  out.means = rows.means;
  out.blocks.push_back(env.backend.make_rows(0, out.rows, out.d, out.weighted, "sample for the starts"));
  RowBlock& block = *out.blocks.back();
  fill_block(
      block,
      [&](int64_t i) { return sample.values.data() + static_cast<int64_t>(chosen[static_cast<size_t>(i)]) * out.d; },
      env);
  if (!rows.weighted) return out;
  std::vector<int64_t> weights;
  for (const size_t i : chosen) weights.push_back(sample.weight[i]);
  out.weight_sum = std::accumulate(weights.begin(), weights.end(), int64_t{0});
  env.backend.sample_ops().set_weights(block, weights);
  return out;
}

}  // namespace clientele
