#include "block_features.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "clientele/base/errors.h"

namespace clientele {
namespace {

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

/// Per feature, over all ranks.
std::vector<Moments> merged(const std::vector<std::vector<Moments>>& per_block, int features, Env& env) {
  const auto d = static_cast<size_t>(features);
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

}  // namespace

ReadRows reading(const CleanReader& reader) {
  return [&reader](int64_t first, std::span<const int> columns, ColumnsView<double> out) {
    reader.read(first, columns, out);
  };
}

void BadValue::merge(int64_t other_row, int64_t other_feature) {
  if (other_row < 0 || (row >= 0 && std::pair(row, feature) <= std::pair(other_row, other_feature))) return;
  row = other_row;
  feature = other_feature;
}

void refuse_infinite(std::span<const float> max_abs, const FeatureSpace& space) {
  for (size_t j = 0; j < max_abs.size(); ++j)
    if (std::isinf(max_abs[j]))
      throw Error(ErrorKind::input, {.what = "a feature is too large for float32 once its mean is taken off",
                                     .where = "feature " + space.features[j].name,
                                     .expected = "distances from the mean below 3.4e38",
                                     .found = "larger ones",
                                     .hint = "Scale the column (normalise.method), or give it a transform."});
}

TransformBlocks::TransformBlocks(const CleanReader& reader, const FeatureSpace& space, const ReadFeatures& wanted,
                                 StepCheck* steps, Env& env)
    : reader_(reader),
      space_(space),
      wanted_(wanted),
      steps_(steps),
      env_(env),
      bad_(static_cast<size_t>(env.pool.threads())),
      bad_counts_(bad_.size()) {}

void TransformBlocks::fill(RowBlock& to) {
  const RowRange range{to.first_row(), to.first_row() + to.rows()};
  walk_blocks(reading(reader_), range, wanted_.columns, env_, [&](const Piece& piece) {
    if (steps_ != nullptr) steps_->count(piece);
    const auto counts = env_.backend.column_ops().transform(piece.values, wanted_.transforms, space_.knots, to,
                                                            piece.first_row - to.first_row());
    const auto worker = static_cast<size_t>(piece.worker);
    bad_counts_[worker] += counts.non_finite;
    if (counts.non_finite > 0) bad_[worker].merge(counts.first_bad_row, counts.first_bad_feature);
  });
}

void TransformBlocks::refuse_not_finite() const {
  BadValue first;
  int64_t count = 0;
  for (size_t worker = 0; worker < bad_.size(); ++worker) {
    first.merge(bad_[worker].row, bad_[worker].feature);
    count += bad_counts_[worker];
  }
  const std::array<int64_t, 3> mine = {count, first.row, first.feature};
  const auto all = env_.comm.gather_all(std::span<const int64_t>(mine));
  BadValue lowest;
  int64_t total = 0;
  for (size_t i = 0; i < all.size(); i += 3) {
    total += all[i];
    lowest.merge(all[i + 1], all[i + 2]);
  }
  if (total > 0) refuse(reader_, lowest, total, space_);
}

EngineSpace::EngineSpace(RowBlocks& blocks, FeatureSpace& space, bool fit_means, Env& env)
    : blocks_(blocks), space_(space), fit_means_(fit_means && !space.spherical), env_(env) {
  largest_.assign(static_cast<size_t>(blocks.d), 0);
  if (space.spherical) space.means.assign(largest_.size(), 0);
}

void EngineSpace::take(RowBlock& block) {
  if (space_.spherical) zero_rows_ += env_.backend.column_ops().unit_rows(block);
  env_.backend.column_ops().row_moments(block, moments_);
  if (!fit_means_) finish(block);
}

std::vector<float> EngineSpace::close() {
  if (space_.spherical) warn_of_zero_rows();
  const std::vector<Moments> moments = merged(moments_, blocks_.d, env_);
  for (size_t j = 0; j < moments.size(); ++j) {
    blocks_.variances.push_back(moments[j].variance());
    if (fit_means_) space_.means[j] = moments[j].mean;
  }
  if (fit_means_) blocks_.each([&](RowBlock& block) { finish(block); }, Features::change);
  blocks_.means = space_.means;
  env_.comm.max(largest_);
  return {largest_.begin(), largest_.end()};
}

void EngineSpace::finish(RowBlock& block) {
  if (!space_.spherical) env_.backend.column_ops().centre(block, space_.means);
  const std::vector<float> of_block = env_.backend.column_ops().max_abs(block);
  for (size_t j = 0; j < largest_.size(); ++j) largest_[j] = std::max(largest_[j], static_cast<double>(of_block[j]));
}

void EngineSpace::warn_of_zero_rows() {
  env_.comm.sum(std::span<int64_t>(&zero_rows_, 1));
  if (zero_rows_ > 0)
    env_.warnings.push_back(std::to_string(zero_rows_) + " rows are zero in every feature and have no direction.");
}

}  // namespace clientele
