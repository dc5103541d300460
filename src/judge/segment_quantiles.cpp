#include "segment_quantiles.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>

#include "clientele/compute/formulas.h"

namespace clientele {

namespace {

constexpr int64_t kSampleBlocks = 8;
constexpr int64_t kSampleRows = 32768;
/// Counters of one worker: 8 MiB.
constexpr int64_t kMostCounters = int64_t{1} << 21;
constexpr int64_t kMostBins = 1024;

/// Half of the memory for tables is for gathered values, half for counters.
int64_t gathered_at_most(int64_t budget, const Env& env) {
  const int64_t half = env.memory.tables_bytes / 2;
  return half == 0 ? budget : std::min(budget, half / static_cast<int64_t>(sizeof(double)));
}

/// 4 bytes in each worker and 8 in all.
int64_t counters_at_most(const Env& env) {
  const int64_t half = env.memory.tables_bytes / 2;
  return half == 0 ? kMostCounters : std::min(kMostCounters, half / (4 * env.pool.threads() + 8));
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
      budget_(gathered_at_most(budget, rows.env())),
      k_(rows.k()),
      tables_(static_cast<size_t>(rows.env().pool.threads())) {
  lay_bins();
}

void SegmentQuantiles::lay_bins() {
  if (columns_.empty()) return;
  std::vector<std::vector<double>> samples = sample_columns(rows_, columns_);
  const int64_t room = counters_at_most(rows_.env()) / (static_cast<int64_t>(columns_.size()) * k_);
  const int bins = static_cast<int>(std::clamp<int64_t>(room, 64, kMostBins));
  std::vector<std::unique_ptr<ValueBins>> laid(columns_.size());
  rows_.env().pool.parallel_for(static_cast<int64_t>(columns_.size()), [&](int64_t c, int) {
    laid[static_cast<size_t>(c)] = std::make_unique<ValueBins>(std::move(samples[static_cast<size_t>(c)]), bins);
  });
  for (const auto& each : laid) bins_.push_back(std::move(*each));
  counts_.resize(table_index(static_cast<int>(columns_.size()), 0));
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
    tables.strange.resize(strange_.size());
  }
  tables.added += column == 0 ? static_cast<int64_t>(values.values.size()) : 0;
  if (tables.added > std::numeric_limits<int32_t>::max()) flush(tables);
  const ValueBins& bins = bins_[static_cast<size_t>(column)];
  for (int c = 0; c < k_; ++c) {
    uint32_t* counts = tables.counts.data() + table_index(column, c);
    bins.each(values.segment(c), [counts](double, int bin) { ++counts[bin]; });
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
    const double position = probabilities_[p] * static_cast<double>(n - 1);
    const int64_t low = std::clamp<int64_t>(static_cast<int64_t>(std::floor(position)), 0, n - 1);
    Target& target = targets_[first + p];
    target.present = true;
    target.fraction = position - static_cast<double>(low);
    target.low = results_.size();
    target.high = target.fraction > 0 ? target.low + 1 : target.low;
    wanted.push_back({low, target.low});
    if (target.high != target.low) wanted.push_back({std::min(low + 1, n - 1), target.high});
    results_.resize(target.high + 1);
  }
  std::stable_sort(wanted.begin(), wanted.end(),
                   [](const WantedRank& a, const WantedRank& b) { return a.rank < b.rank; });
  return wanted;
}

void SegmentQuantiles::want(int column, int group, std::span<const int64_t> counts, std::vector<ValueInterval>& out) {
  const ValueBins& bins = bins_[static_cast<size_t>(column)];
  const std::vector<WantedRank> wanted =
      wanted_ranks(column, group, std::accumulate(counts.begin(), counts.end(), int64_t{0}));
  auto next = wanted.begin();
  int64_t before = 0;
  for (int bin = 0; next != wanted.end(); before += counts[static_cast<size_t>(bin++)]) {
    const int64_t count = counts[static_cast<size_t>(bin)];
    ValueInterval whole{.column = column, .group = group, .bin = bin, .count = count, .wanted = {}};
    for (; next != wanted.end() && next->rank < before + count; ++next)
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
    split_interval(whole, keys, std::span(&count, 1), out, results_);
  }
}

void SegmentQuantiles::flush(Tables& tables) {
  const std::lock_guard lock(flushing_);
  for (size_t i = 0; i < tables.counts.size(); ++i) counts_[i] += tables.counts[i];
  for (size_t i = 0; i < tables.strange.size(); ++i) strange_[i] += tables.strange[i];
  std::fill(tables.counts.begin(), tables.counts.end(), 0u);
  std::fill(tables.strange.begin(), tables.strange.end(), 0u);
  tables.added = 0;
}

std::vector<ValueInterval> SegmentQuantiles::first_intervals() {
  for (Tables& tables : tables_) flush(tables);
  tables_.clear();
  rows_.env().comm.sum(counts_);
  rows_.env().comm.sum(strange_);
  std::vector<ValueInterval> out;
  const size_t width = static_cast<size_t>(bins_[0].bins());
  for (int column = 0; column < static_cast<int>(columns_.size()); ++column) {
    std::vector<int64_t> all(width);
    for (int segment = 0; segment < k_; ++segment) {
      const std::span<const int64_t> counts = std::span(counts_).subspan(table_index(column, segment), width);
      for (size_t bin = 0; bin < width; ++bin) all[bin] += counts[bin];
      want(column, segment, counts, out);
    }
    want(column, k_, all, out);
  }
  counts_ = {};
  strange_ = {};
  return out;
}

void SegmentQuantiles::solve() {
  if (columns_.empty()) return;
  targets_.resize(columns_.size() * static_cast<size_t>(k_ + 1) * probabilities_.size());
  std::vector<ValueInterval> intervals = first_intervals();
  while (!intervals.empty()) {
    IntervalPass pass(std::move(intervals), bins_, k_, budget_);
    intervals = pass.run(rows_, columns_, results_);
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
