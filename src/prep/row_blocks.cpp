#include "clientele/prep/row_blocks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "block_walk.h"
#include "clientele/base/errors.h"
#include "clientele/prep/normalise.h"
#include "normalise_steps.h"
#include "step_check.h"

namespace clientele {
namespace {

ReadRows reading(const CleanReader& reader) {
  return [&reader](int64_t first, std::span<const int> columns, ColumnsView<double> out) {
    reader.read(first, columns, out);
  };
}

/// Rows of one backend block.
int64_t rows_per_block(const RowBlocks& blocks, const Env& env) {
  if (env.block_rows <= 0) return std::max<int64_t>(blocks.rows, 1);
  return (env.block_rows + kBlockRows - 1) / kBlockRows * kBlockRows;
}

RowBlocks allocate(const CleanReader& reader, int d, bool weighted, Env& env) {
  RowBlocks out;
  const RowRange range = rank_rows(reader.rows(), env.comm.rank(), env.comm.size());
  out.total_rows = reader.rows();
  out.first_row = range.first;
  out.rows = range.last - range.first;
  out.d = d;
  out.weighted = weighted;
  const int64_t step = rows_per_block(out, env);
  for (int64_t row = range.first; row < range.last; row += step)
    out.blocks.push_back(
        env.backend.make_rows(row, std::min(step, range.last - row), d, weighted, "normalised features"));
  return out;
}

/// The lowest (row, feature) that is not finite, over what was seen.
struct BadValue {
  int64_t row = -1;
  int64_t feature = -1;

  void merge(int64_t other_row, int64_t other_feature) {
    if (other_row < 0 || (row >= 0 && std::pair(row, feature) <= std::pair(other_row, other_feature))) return;
    row = other_row;
    feature = other_feature;
  }
};

[[noreturn]] void refuse(const CleanReader& reader, const BadValue& bad, int64_t count, const FeatureSpace& space) {
  int64_t source_row = 0;
  reader.source_rows(bad.row, std::span<int64_t>(&source_row, 1));
  throw Error(
      ErrorKind::input,
      {.what = "a feature is not a finite number after normalisation",
       .where =
           "row " + std::to_string(source_row) + ", feature " + space.features[static_cast<size_t>(bad.feature)].name,
       .expected = "finite values",
       .found = std::to_string(count) + " that are not, this one first",
       .hint = "Missing values need an imputation that was fitted (clean.missing); very large ones a transform."});
}

/// A finite feature less its mean may lie beyond float32.
void refuse_infinite(std::span<const float> max_abs, const FeatureSpace& space) {
  for (size_t j = 0; j < max_abs.size(); ++j)
    if (std::isinf(max_abs[j]))
      throw Error(ErrorKind::input, {.what = "a feature is too large for float32 once its mean is taken off",
                                     .where = "feature " + space.features[j].name,
                                     .expected = "distances from the mean below 3.4e38",
                                     .found = "larger ones",
                                     .hint = "Scale the column (normalise.method), or give it a transform."});
}

/// Fills the blocks with uncentred features. Collective: a bad value on any rank is an error on all.
void transform(const CleanReader& reader, const FeatureSpace& space, const ReadFeatures& wanted, RowBlocks& blocks,
               StepCheck* steps, Env& env) {
  const int64_t step = rows_per_block(blocks, env);
  std::vector<BadValue> bad(static_cast<size_t>(env.pool.threads()));
  std::vector<int64_t> bad_counts(bad.size());
  const RowRange range{blocks.first_row, blocks.first_row + blocks.rows};
  walk_blocks(reading(reader), range, wanted.columns, env, [&](const Piece& piece) {
    if (steps != nullptr) steps->count(piece);
    RowBlock& to = *blocks.blocks[static_cast<size_t>((piece.first_row - blocks.first_row) / step)];
    const auto counts = env.backend.column_ops().transform(piece.values, wanted.transforms, space.knots, to,
                                                           piece.first_row - to.first_row());
    const auto worker = static_cast<size_t>(piece.worker);
    bad_counts[worker] += counts.non_finite;
    if (counts.non_finite > 0) bad[worker].merge(counts.first_bad_row, counts.first_bad_feature);
  });
  BadValue first;
  int64_t count = 0;
  for (size_t worker = 0; worker < bad.size(); ++worker) {
    first.merge(bad[worker].row, bad[worker].feature);
    count += bad_counts[worker];
  }
  const std::array<int64_t, 3> mine = {count, first.row, first.feature};
  const auto all = env.comm.gather_all(std::span<const int64_t>(mine));
  BadValue lowest;
  int64_t total = 0;
  for (size_t i = 0; i < all.size(); i += 3) {
    total += all[i];
    lowest.merge(all[i + 1], all[i + 2]);
  }
  if (total > 0) refuse(reader, lowest, total, space);
}

/// Canonical moments of every feature over all ranks.
std::vector<Moments> feature_moments(RowBlocks& blocks, Env& env) {
  const auto d = static_cast<size_t>(blocks.d);
  std::vector<std::vector<Moments>> per_block;
  blocks.each([&](RowBlock& block) { env.backend.column_ops().row_moments(block, per_block); });
  std::vector<Moments> flat;
  for (const auto& of_block : per_block) flat.insert(flat.end(), of_block.begin(), of_block.end());
  const auto all = env.comm.gather_all(std::span<const Moments>(flat));
  std::vector<Moments> out(d), of_feature(all.size() / d);
  for (size_t j = 0; j < d; ++j) {
    for (size_t b = 0; b < of_feature.size(); ++b) of_feature[b] = all[b * d + j];
    out[j] = Moments::merge(std::span<const Moments>(of_feature));
  }
  return out;
}

/// Unit rows, or centred ones. Sets means and variances.
void bring_to_engine_space(RowBlocks& blocks, FeatureSpace& space, bool fit_means, Env& env) {
  auto& ops = env.backend.column_ops();
  if (space.spherical) {
    int64_t zero_rows = 0;
    blocks.each([&](RowBlock& block) { zero_rows += ops.unit_rows(block); });
    env.comm.sum(std::span<int64_t>(&zero_rows, 1));
    if (zero_rows > 0)
      env.warnings.push_back(std::to_string(zero_rows) + " rows are zero in every feature and have no direction.");
  }
  const std::vector<Moments> moments = feature_moments(blocks, env);
  if (space.spherical) space.means.assign(moments.size(), 0);
  for (size_t j = 0; j < moments.size(); ++j) {
    blocks.variances.push_back(moments[j].variance());
    if (fit_means && !space.spherical) space.means[j] = moments[j].mean;
  }
  if (!space.spherical) blocks.each([&](RowBlock& block) { ops.centre(block, space.means); });
  blocks.means = space.means;
}

std::vector<float> max_abs(RowBlocks& blocks, Env& env) {
  std::vector<double> largest(static_cast<size_t>(blocks.d), 0);
  blocks.each([&](RowBlock& block) {
    const std::vector<float> of_block = env.backend.column_ops().max_abs(block);
    for (size_t j = 0; j < largest.size(); ++j) largest[j] = std::max(largest[j], static_cast<double>(of_block[j]));
  });
  env.comm.max(largest);
  return {largest.begin(), largest.end()};
}

void set_weights(const CleanReader& reader, int column, RowBlocks& blocks, Env& env) {
  const double total = column_sum(reading(reader), reader.rows(), column, env);
  blocks.weight_bits = weight_bits(total, reader.rows());
  std::vector<int64_t> lost(static_cast<size_t>(env.pool.threads()));
  for (auto& block : blocks.blocks) {
    std::vector<int64_t> m(static_cast<size_t>(block->rows()));
    const RowRange range{block->first_row(), block->first_row() + block->rows()};
    walk_blocks(reading(reader), range, std::span<const int>(&column, 1), env, [&](const Piece& piece) {
      int64_t* to = m.data() + (piece.first_row - range.first);
      for (const double w : piece.values.column(0)) {
        *to = quantise_weight(w, blocks.weight_bits);
        lost[static_cast<size_t>(piece.worker)] += w > 0 && *to == 0 ? 1 : 0;
        ++to;
      }
    });
    env.backend.sample_ops().set_weights(*block, m);
  }
  int64_t without = std::accumulate(lost.begin(), lost.end(), int64_t{0});
  env.comm.sum(std::span<int64_t>(&without, 1));
  if (without > 0)
    env.warnings.push_back(std::to_string(without) +
                           " rows have a weight below 2^-43 of the sum of all weights; it counts as 0.");
}

}  // namespace

RowBlocks make_row_blocks(Source& source, const CleanRows& rows, FeatureSpace& space, bool fit_means, int weight_column,
                          Env& env) {
  const CleanReader reader(source, rows);
  std::vector<FeatureTransform> transforms;
  for (const Feature& f : space.features) transforms.push_back(f.transform);
  const ReadFeatures wanted(std::move(transforms));
  env.progress.stage("read and normalise", reader.rows(), "rows");
  RowBlocks blocks = allocate(reader, space.d(), weight_column >= 0, env);
  if (weight_column >= 0) set_weights(reader, weight_column, blocks, env);
  std::unique_ptr<StepCheck> steps;
  if (fit_means) steps = std::make_unique<StepCheck>(reader, wanted.columns, wanted.transforms, space.knots, env);
  transform(reader, space, wanted, blocks, steps.get(), env);
  bring_to_engine_space(blocks, space, fit_means, env);
  const std::vector<float> largest = max_abs(blocks, env);
  refuse_infinite(largest, space);
  for (const float max : largest) blocks.scales.push_back(fixed_scale(fixed_exponent(max)));
  if (steps) steps->refuse_coarse(blocks, largest, space, env);
  return blocks;
}

}  // namespace clientele
