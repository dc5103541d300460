#include "segment_quantiles.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>

#include "clientele/base/quantile_ranks.h"
#include "clientele/compute/formulas.h"

namespace clientele {

namespace {

constexpr int64_t kSampleBlocks = 8;
constexpr int64_t kSampleRows = 32768;
/// Counters of one worker: 8 MiB.
constexpr int64_t kMostCounters = int64_t{1} << 21;
constexpr int64_t kMostBins = 1024;

/// Half of the memory for tables is for gathered values, half for counters.
int64_t gathered_at_most(int64_t budget, const LabelledRows& rows) {
  const int64_t half = rows.env().memory.tables_bytes / 2;
  return half == 0 ? budget : std::min<int64_t>(budget, half / (rows.weighted() ? 16 : 8));
}

/// 4 bytes in each worker and 8 in all; for weights 8 more in both.
int64_t counters_at_most(const LabelledRows& rows) {
  const int64_t half = rows.env().memory.tables_bytes / 2, more = rows.weighted() ? 8 : 0;
  return half == 0 ? kMostCounters
                   : std::min(kMostCounters, half / ((4 + more) * rows.env().pool.threads() + 8 + more));
}

/// Every so many rows of blocks spread evenly over the rank's; per column, all ranks together.
std::vector<std::vector<double>> sample_columns(const LabelledRows& rows, std::span<const int> columns) {
  const int64_t chosen = std::min(rows.blocks(), kSampleBlocks);
  const int64_t stride = std::max<int64_t>(1, chosen * kBlockRows * rows.env().comm.size() / kSampleRows);
  std::vector<int64_t> only;
  for (int64_t i = 0; i < chosen; ++i) only.push_back(i * rows.blocks() / chosen);
  std::vector<std::vector<std::vector<double>>> found(static_cast<size_t>(rows.env().pool.threads()),
                                                      std::vector<std::vector<double>>(columns.size()));
  rows.walk(columns, only, [&](const LabelledPiece& piece) {
    for (size_t c = 0; c < columns.size(); ++c) {
      const std::span<const double> values = piece.column(static_cast<int64_t>(c));
      for (int64_t i = 0; i < piece.rows(); ++i) {
        const double x = values[static_cast<size_t>(i)];
        if ((piece.first_row + i) % stride == 0 && x == x) found[static_cast<size_t>(piece.worker)][c].push_back(x);
      }
    }
  });
  std::vector<std::vector<double>> out(columns.size());
  for (size_t c = 0; c < columns.size(); ++c) {
    std::vector<double> own;
    for (const auto& worker : found) own.insert(own.end(), worker[c].begin(), worker[c].end());
    out[c] = rows.env().comm.gather_all<double>(own);
  }
  return out;
}

}  // namespace

SegmentQuantiles::SegmentQuantiles(const LabelledRows& rows, std::span<const int> columns,
                                   std::span<const double> probabilities, int64_t budget)
    : rows_(rows),
      columns_(columns.begin(), columns.end()),
      probabilities_(probabilities.begin(), probabilities.end()),
      budget_(gathered_at_most(budget, rows)),
      k_(rows.k()),
      tables_(static_cast<size_t>(rows.env().pool.threads())) {
  lay_bins();
}

void SegmentQuantiles::lay_bins() {
  if (columns_.empty()) return;
  std::vector<std::vector<double>> samples = sample_columns(rows_, columns_);
  const int64_t room = counters_at_most(rows_) / (static_cast<int64_t>(columns_.size()) * k_);
  const int bins = static_cast<int>(std::clamp<int64_t>(room, 64, kMostBins));
  std::vector<std::unique_ptr<ValueBins>> laid(columns_.size());
  rows_.env().pool.parallel_for(static_cast<int64_t>(columns_.size()), [&](int64_t c, int) {
    laid[static_cast<size_t>(c)] = std::make_unique<ValueBins>(std::move(samples[static_cast<size_t>(c)]), bins);
  });
  for (const auto& each : laid) bins_.push_back(std::move(*each));
  counts_.resize(table_index(static_cast<int>(columns_.size()), 0));
  if (rows_.weighted()) weights_.resize(counts_.size());
  strange_.resize(column_index(static_cast<int>(columns_.size())));
}

size_t SegmentQuantiles::table_index(int column, int segment) const {
  return column_index(column) * static_cast<size_t>(k_) +
         static_cast<size_t>(segment) * static_cast<size_t>(bins_[0].bins());
}

void SegmentQuantiles::count(int worker, int column, const GroupedValues& values) {
  Tables& tables = tables_[static_cast<size_t>(worker)];
  if (tables.counts.empty()) {
    tables.counts.resize(counts_.size());
    tables.weights.resize(weights_.size());
    tables.strange.resize(strange_.size());
  }
  tables.added += column == 0 ? static_cast<int64_t>(values.values.size()) : 0;
  if (tables.added > std::numeric_limits<int32_t>::max()) flush(tables);
  const ValueBins& bins = bins_[static_cast<size_t>(column)];
  for (int c = 0; c < k_; ++c) {
    uint32_t* counts = tables.counts.data() + table_index(column, c);
    bins.each(values.segment(c), [counts](double, int bin) { ++counts[bin]; });
    if (values.weights.empty()) continue;
    int64_t* weights = tables.weights.data() + table_index(column, c);
    const int64_t* m = values.segment_weights(c).data();
    bins.each(values.segment(c), [weights, &m](double, int bin) { weights[bin] += *m++; });
  }
  if (bins.frequent().empty()) return;
  const double* frequent = bins.frequent().data();
  uint32_t* strange = tables.strange.data() + column_index(column);
  bins.each({values.values.data(), static_cast<size_t>(values.starts.back())},
            [frequent, strange](double x, int bin) { strange[bin] += x != frequent[bin] ? 1u : 0u; });
}

std::vector<WantedRank> SegmentQuantiles::wanted_ranks(int column, int group, int64_t n) {
  std::vector<WantedRank> wanted;
  const size_t first =
      (static_cast<size_t>(column) * static_cast<size_t>(k_ + 1) + static_cast<size_t>(group)) * probabilities_.size();
  for (size_t p = 0; n > 0 && p < probabilities_.size(); ++p) {
    const QuantileRanks ranks = quantile_ranks(probabilities_[p], n, rows_.unit_weight());
    Target& target = targets_[first + p];
    target.present = true;
    target.fraction = ranks.fraction;
    target.low = results_.size();
    target.high = target.fraction > 0 ? target.low + 1 : target.low;
    wanted.push_back({ranks.low, target.low});
    if (target.high != target.low) wanted.push_back({ranks.high, target.high});
    results_.resize(target.high + 1);
  }
  std::stable_sort(wanted.begin(), wanted.end(),
                   [](const WantedRank& a, const WantedRank& b) { return a.rank < b.rank; });
  return wanted;
}

void SegmentQuantiles::want(int column, int group, std::span<const int64_t> values, std::span<const int64_t> weights,
                            std::vector<ValueInterval>& out) {
  const ValueBins& bins = bins_[static_cast<size_t>(column)];
  const std::vector<WantedRank> wanted =
      wanted_ranks(column, group, std::accumulate(weights.begin(), weights.end(), int64_t{0}));
  auto next = wanted.begin();
  int64_t before = 0;
  for (int bin = 0; next != wanted.end(); before += weights[static_cast<size_t>(bin++)]) {
    const int64_t count = values[static_cast<size_t>(bin)], weight = weights[static_cast<size_t>(bin)];
    ValueInterval whole{.column = column, .group = group, .bin = bin, .values = count, .weight = weight, .wanted = {}};
    for (; next != wanted.end() && next->rank < before + weight; ++next)
      whole.wanted.push_back({next->rank - before, next->result});
    if (whole.wanted.empty()) continue;
    uint64_t keys[] = {0, 0};
    const bool pure = !bins.frequent().empty() && strange_[column_index(column) + static_cast<size_t>(bin)] == 0;
    if (pure) {
      keys[0] = ordered_key(bins.frequent()[static_cast<size_t>(bin)]);
      keys[1] = keys[0] + 1;
    } else {
      keys[0] = bins.first_key(bin);
      keys[1] = bins.first_key(bin + 1);
    }
    split_interval(whole, keys, std::span(&count, 1), std::span(&weight, 1), out, results_);
  }
}

void SegmentQuantiles::flush(Tables& tables) {
  const std::lock_guard lock(flushing_);
  for (size_t i = 0; i < tables.counts.size(); ++i) counts_[i] += tables.counts[i];
  for (size_t i = 0; i < tables.weights.size(); ++i) weights_[i] += tables.weights[i];
  for (size_t i = 0; i < tables.strange.size(); ++i) strange_[i] += tables.strange[i];
  std::fill(tables.weights.begin(), tables.weights.end(), 0);
  std::fill(tables.counts.begin(), tables.counts.end(), 0u);
  std::fill(tables.strange.begin(), tables.strange.end(), 0u);
  tables.added = 0;
}

std::vector<ValueInterval> SegmentQuantiles::first_intervals() {
  for (Tables& tables : tables_) flush(tables);
  tables_.clear();
  rows_.env().comm.sum(counts_);
  if (rows_.weighted()) rows_.env().comm.sum(weights_);
  rows_.env().comm.sum(strange_);
  const std::vector<int64_t>& weights = rows_.weighted() ? weights_ : counts_;
  std::vector<ValueInterval> out;
  const size_t width = static_cast<size_t>(bins_[0].bins());
  for (int column = 0; column < static_cast<int>(columns_.size()); ++column) {
    std::vector<int64_t> all_values(width), all_weights(width);
    for (int segment = 0; segment < k_; ++segment) {
      const std::span values_of = std::span<const int64_t>(counts_).subspan(table_index(column, segment), width);
      const std::span weights_of = std::span<const int64_t>(weights).subspan(table_index(column, segment), width);
      for (size_t bin = 0; bin < width; ++bin) {
        all_values[bin] += values_of[bin];
        all_weights[bin] += weights_of[bin];
      }
      want(column, segment, values_of, weights_of, out);
    }
    want(column, k_, all_values, all_weights, out);
  }
  counts_ = {};
  weights_ = {};
  strange_ = {};
  return out;
}

void SegmentQuantiles::solve() {
  if (columns_.empty()) return;
  targets_.resize(columns_.size() * static_cast<size_t>(k_ + 1) * probabilities_.size());
  std::vector<ValueInterval> intervals = first_intervals();
  while (!intervals.empty()) {
    IntervalPass pass(std::move(intervals), bins_, rows_, budget_);
    intervals = pass.run(columns_, results_);
  }
}

std::vector<double> SegmentQuantiles::of(int column, int group) const {
  std::vector<double> out;
  const size_t first =
      (static_cast<size_t>(column) * static_cast<size_t>(k_ + 1) + static_cast<size_t>(group)) * probabilities_.size();
  for (size_t p = 0; p < probabilities_.size(); ++p) {
    const Target& target = targets_[first + p];
    const double low = target.present ? results_[target.low] : 0;
    const double high = target.present ? results_[target.high] : 0;
    out.push_back(target.present ? between(target.fraction, low, high) : std::numeric_limits<double>::quiet_NaN());
  }
  return out;
}

}  // namespace clientele
