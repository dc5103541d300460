#include "step_check.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "clientele/base/errors.h"
#include "clientele/compute/formulas.h"
#include "order_search.h"

namespace clientele {
namespace {

constexpr int64_t kSamplePlaces = 4;
constexpr int64_t kRowsAtPlace = 1024;
constexpr double kWidest = 0x1p-24;  ///< of max|x|: what the range must reach, 2^-40 / 2^-16

/// Sampled source values, column by column.
std::vector<std::vector<double>> sample_columns(const CleanReader& reader, std::span<const int> columns) {
  std::vector<std::vector<double>> out(columns.size());
  const int64_t rows = std::min(kRowsAtPlace, reader.rows());
  std::vector<double> buffer(static_cast<size_t>(rows) * columns.size());
  const ColumnsView<double> piece{buffer.data(), rows, static_cast<int64_t>(columns.size()), rows};
  for (int64_t place = 0; place < kSamplePlaces; ++place) {
    const int64_t first = std::min(reader.rows() / kSamplePlaces * place, reader.rows() - rows);
    reader.read(first, columns, piece);
    for (size_t c = 0; c < columns.size(); ++c)
      for (const double x : piece.column(static_cast<int64_t>(c)))
        if (!std::isnan(x)) out[c].push_back(x);
  }
  for (auto& values : out) std::sort(values.begin(), values.end());
  return out;
}

bool keeps_order(const FeatureTransform& f) {
  return f.form == FeatureForm::number || f.form == FeatureForm::ranked;
}

/// Exact type-7 quartiles of a feature, or bounds of them that settle the question early.
struct Quartiles {
  QuantilePosition q1, q3;
  explicit Quartiles(int64_t n) : q1(quantile_position(n, 0.25)), q3(quantile_position(n, 0.75)) {}

  std::vector<int64_t> ranks() const { return {q1.low, q1.high, q3.low, q3.high}; }
  double least_range(const OrderSearch& search, size_t feature) const {
    return search.lowest(feature, 2) - search.highest(feature, 1);
  }
  double range(const OrderSearch& search, size_t feature) const {
    const auto at = [&](size_t i, const QuantilePosition& q) {
      const double low = search.lowest(feature, i), high = search.lowest(feature, i + 1);
      return between(q.f, low, high);
    };
    return at(2, q3) - at(0, q1);
  }
};

/// Counts the digits of some features of a block, in pieces of rows.
void count_some(const RowBlock& block, std::span<const int> features, const OrderSearch& search, Env& env,
                std::vector<int64_t>& counts) {
  constexpr int64_t kPieceRows = 4096;
  const auto targets = static_cast<size_t>(search.targets());
  std::vector<float> values(static_cast<size_t>(kPieceRows * block.d()));
  std::vector<double> columns(static_cast<size_t>(kPieceRows) * features.size());
  std::vector<int64_t> local;
  for (int64_t first = 0; first < block.rows(); first += kPieceRows) {
    const int64_t rows = std::min(kPieceRows, block.rows() - first);
    local.resize(static_cast<size_t>(rows));
    std::iota(local.begin(), local.end(), first);
    env.backend.sample_ops().fetch(block, local, {values.data(), rows, block.d()});
    env.pool.parallel_for(static_cast<int64_t>(features.size()), [&](int64_t index, int) {
      const auto i = static_cast<size_t>(index);
      double* column = columns.data() + index * kPieceRows;
      for (int64_t r = 0; r < rows; ++r)
        column[r] = static_cast<double>(values[static_cast<size_t>(r * block.d() + features[i])]);
      env.backend.column_ops().count_digits({column, rows, 1, rows}, search.level(), search.targets(),
                                            std::span(search.prefixes()).subspan(i * targets, targets),
                                            std::span(counts).subspan(i * targets * kDigits, targets * kDigits));
    });
  }
}

void count_digits(const RowBlock& block, std::span<const int> features, const OrderSearch& search, Env& env,
                  std::vector<int64_t>& counts) {
  if (static_cast<int>(features.size()) < block.d()) return count_some(block, features, search, env, counts);
  env.backend.column_ops().count_row_digits(block, search.level(), search.targets(), search.prefixes(), counts);
}

/// Interquartile ranges of the features of one group into `ranges` (where settled early: lower bounds that suffice).
void group_ranges(RowBlocks& blocks, std::span<const float> max_abs, std::span<const int> features, Env& env,
                  std::vector<double>& ranges) {
  const Quartiles quartiles(blocks.total_rows);
  OrderSearch search(std::vector<std::vector<int64_t>>(features.size(), quartiles.ranks()));
  std::vector<int64_t> counts;
  const auto settled = [&] {
    for (size_t i = 0; i < features.size(); ++i) {
      const double max = static_cast<double>(max_abs[static_cast<size_t>(features[i])]);
      if (!(quartiles.least_range(search, i) > max * kWidest)) return false;
    }
    return true;
  };
  while (!search.done()) {
    counts.assign(features.size() * static_cast<size_t>(search.targets()) * kDigits, 0);
    blocks.each([&](const RowBlock& block) { count_digits(block, features, search, env, counts); });
    env.comm.sum(counts);
    search.narrow(counts);
    if (settled()) break;
  }
  for (size_t i = 0; i < features.size(); ++i)
    ranges[static_cast<size_t>(features[i])] =
        search.done() ? quartiles.range(search, i) : quartiles.least_range(search, i);
}

/// Features whose tables are in memory at once.
size_t group_size(size_t features, const Env& env) {
  constexpr int64_t kTargets = 4;  // at most: the two neighbours of each quartile
  if (env.memory.tables_bytes == 0) return features;
  const int64_t fitting = env.memory.tables_bytes / (kTargets * kDigits * int64_t{sizeof(int64_t)});
  return std::clamp<size_t>(static_cast<size_t>(fitting), 1, features);
}

/// Of the features that are wanted, 0 for others. Each group of features takes passes of its own.
std::vector<double> row_ranges(RowBlocks& blocks, std::span<const float> max_abs, std::span<const int> wanted,
                               Env& env) {
  std::vector<double> ranges(static_cast<size_t>(blocks.d), 0);
  if (wanted.empty()) return ranges;
  const size_t size = group_size(wanted.size(), env);
  for (size_t first = 0; first < wanted.size(); first += size)
    group_ranges(blocks, max_abs, wanted.subspan(first, std::min(size, wanted.size() - first)), env, ranges);
  return ranges;
}

std::string number(double x) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", x);
  return text;
}

[[noreturn]] void refuse(const std::string& feature, double max_abs, double spread) {
  throw Error(
      ErrorKind::input,
      {.what = "a feature has values so far out that exact sums would blur the others",
       .where = "feature " + feature,
       .expected =
           "a largest distance from the mean of at most 2^24 times the interquartile range (or the standard deviation)",
       .found = number(max_abs) + " against " + number(spread),
       .hint = "Winsorise (normalise.winsorise = [0.001, 0.999]) or give the column a transform."});
}

}  // namespace

StepCheck::StepCheck(const CleanReader& reader, std::span<const int> columns,
                     std::span<const FeatureTransform> transforms, std::span<const double> knots, Env& env)
    : transforms_(transforms.begin(), transforms.end()), knots_(knots) {
  const auto samples = sample_columns(reader, columns);
  low_.assign(transforms.size(), NAN);
  high_.assign(transforms.size(), NAN);
  for (size_t j = 0; j < transforms.size(); ++j) {
    const auto& values = samples[static_cast<size_t>(transforms[j].source)];
    if (values.empty() || !keeps_order(transforms[j])) continue;
    low_[j] = values[(values.size() - 1) * 27 / 100];
    high_[j] = values[(values.size() - 1) * 73 / 100];
  }
  counts_.assign(static_cast<size_t>(env.pool.threads()), std::vector<int64_t>(2 * transforms.size()));
}

void StepCheck::count(const Piece& piece) {
  auto& counts = counts_[static_cast<size_t>(piece.worker)];
  for (size_t j = 0; j < transforms_.size(); ++j) {
    if (std::isnan(low_[j])) continue;
    const auto values = piece.values.column(transforms_[j].source);
    const double low = low_[j], high = high_[j];
    int64_t below = 0, above = 0;
    for (const double x : values) {
      below += x <= low ? 1 : 0;
      above += x >= high ? 1 : 0;
    }
    counts[2 * j] += below;
    counts[2 * j + 1] += above;
  }
}

StepCheck::Proof StepCheck::proof(size_t j, const RowBlocks& blocks, double max_abs,
                                  std::span<const int64_t> counts) const {
  if (std::isnan(low_[j])) return Proof::none;
  const int64_t n = blocks.total_rows;
  const Quartiles q(n);
  const int64_t below = counts[2 * j], above = counts[2 * j + 1];
  if (low_[j] == high_[j]) return below > q.q3.high && above >= n - q.q1.low ? Proof::spreadless : Proof::none;
  if (below <= q.q1.high || above < n - q.q3.low) return Proof::none;
  const double low = transform_value(transforms_[j], knots_.data(), low_[j]);
  const double high = transform_value(transforms_[j], knots_.data(), high_[j]);
  // 16 times what is needed: more than all roundings, and than a curve may fail to keep the order of neighbours.
  const double range = static_cast<double>(to_feature(high)) - static_cast<double>(to_feature(low));
  if (range > 16 * max_abs * kWidest) return Proof::fine;
  if (high > low) return Proof::some;
  // Shift and scale may have blurred what still differs before them.
  FeatureTransform before = transforms_[j];
  before.shift = 0;
  before.scale = before.factor = 1;
  const bool differ =
      transform_value(before, knots_.data(), high_[j]) > transform_value(before, knots_.data(), low_[j]);
  return differ ? Proof::some : Proof::none;
}

void StepCheck::refuse_coarse(RowBlocks& blocks, std::span<const float> max_abs, const FeatureSpace& space, Env& env) {
  const auto d = static_cast<size_t>(blocks.d);
  std::vector<int64_t> counts(2 * d);
  for (const auto& of_worker : counts_)
    for (size_t i = 0; i < counts.size(); ++i) counts[i] += of_worker[i];
  env.comm.sum(counts);
  std::vector<Proof> proofs(d, Proof::none);
  std::vector<int> search;
  for (size_t j = 0; j < d; ++j) {
    const double max = static_cast<double>(max_abs[j]);
    if (!space.spherical) proofs[j] = proof(j, blocks, max, counts);
    // Two values: the range is 0 or at least a quarter of their distance, so the deviation decides.
    const FeatureForm form = space.features[j].transform.form;
    if (!space.spherical && (form == FeatureForm::one_hot || form == FeatureForm::indicator))
      proofs[j] = Proof::spreadless;
    if ((proofs[j] == Proof::none || proofs[j] == Proof::some) && max > 0) search.push_back(static_cast<int>(j));
  }
  const std::vector<double> ranges = row_ranges(blocks, max_abs, search, env);
  for (size_t j = 0; j < d; ++j) {
    const double max = static_cast<double>(max_abs[j]);
    if (max == 0 || proofs[j] == Proof::fine) continue;
    const bool spreadless = proofs[j] == Proof::spreadless || (ranges[j] == 0 && proofs[j] != Proof::some);
    const double spread = spreadless ? std::sqrt(blocks.variances[j]) : ranges[j];
    if (max * 0x1p-40 > 0x1p-16 * spread) refuse(space.features[j].name, max, spread);
  }
}

}  // namespace clientele
