#include "segment_quantiles.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "clientele/compute/formulas.h"

namespace clientele {

namespace {

constexpr int64_t kSampleBlocks = 8;
constexpr int64_t kSampleRows = 65536;
/// Counters of one worker: 16 MiB.
constexpr int64_t kMostCounters = int64_t{1} << 21;
constexpr int64_t kMostBins = 2048;

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
      budget_(budget),
      k_(rows.k()),
      tables_(static_cast<size_t>(rows.env().pool.threads())) {
  lay_bins();
}

void SegmentQuantiles::lay_bins() {
  if (columns_.empty()) return;
  std::vector<std::vector<double>> samples = sample_columns(rows_, columns_);
  const int64_t room = kMostCounters / (static_cast<int64_t>(columns_.size()) * k_);
  const int most = static_cast<int>(std::clamp<int64_t>(room, 16, kMostBins));
  std::vector<std::unique_ptr<ValueBins>> laid(columns_.size());
  rows_.env().pool.parallel_for(static_cast<int64_t>(columns_.size()), [&](int64_t c, int) {
    laid[static_cast<size_t>(c)] = std::make_unique<ValueBins>(std::move(samples[static_cast<size_t>(c)]), most);
  });
  for (const auto& bins : laid) {
    bins_.push_back(*bins);
    most_bins_ = std::max(most_bins_, bins->bins());
  }
}

size_t SegmentQuantiles::table_index(int column, int group) const {
  return (static_cast<size_t>(column) * static_cast<size_t>(k_) + static_cast<size_t>(group)) *
         static_cast<size_t>(most_bins_);
}

void SegmentQuantiles::count(int worker, int column, const GroupedValues& values) {
  std::vector<int64_t>& table = tables_[static_cast<size_t>(worker)];
  if (table.empty()) table.resize(table_index(static_cast<int>(columns_.size()), 0));
  const ValueBins& bins = bins_[static_cast<size_t>(column)];
  for (int c = 0; c < k_; ++c) {
    int64_t* counts = table.data() + table_index(column, c);
    for (const double x : values.segment(c)) ++counts[bins.find(x)];
  }
}

void SegmentQuantiles::want_ranks(int column, int group, int64_t n, std::vector<WantedRank>& wanted,
                                  std::vector<double>& results) {
  const size_t first =
      (static_cast<size_t>(column) * static_cast<size_t>(k_ + 1) + static_cast<size_t>(group)) * probabilities_.size();
  for (size_t p = 0; n > 0 && p < probabilities_.size(); ++p) {
    const double position = probabilities_[p] * static_cast<double>(n - 1);
    const int64_t low = std::clamp<int64_t>(static_cast<int64_t>(std::floor(position)), 0, n - 1);
    Target& target = targets_[first + p];
    target.present = true;
    target.fraction = position - static_cast<double>(low);
    target.low = results.size();
    target.high = target.fraction > 0 ? target.low + 1 : target.low;
    wanted.push_back({low, target.low});
    if (target.high != target.low) wanted.push_back({std::min(low + 1, n - 1), target.high});
    results.resize(target.high + 1);
  }
  std::stable_sort(wanted.begin(), wanted.end(),
                   [](const WantedRank& a, const WantedRank& b) { return a.rank < b.rank; });
}

std::vector<ValueInterval> SegmentQuantiles::first_intervals(std::vector<double>& results) {
  std::vector<int64_t>& table = tables_[0];
  table.resize(table_index(static_cast<int>(columns_.size()), 0));
  for (size_t worker = 1; worker < tables_.size(); ++worker) {
    for (size_t i = 0; i < tables_[worker].size(); ++i) table[i] += tables_[worker][i];
    tables_[worker] = {};
  }
  rows_.env().comm.sum(table);

  std::vector<ValueInterval> out;
  for (int column = 0; column < static_cast<int>(columns_.size()); ++column) {
    const ValueBins& bins = bins_[static_cast<size_t>(column)];
    std::vector<int64_t> all(static_cast<size_t>(bins.bins()));
    for (int group = 0; group <= k_; ++group) {
      std::span<const int64_t> counts = all;
      if (group < k_) counts = std::span(table).subspan(table_index(column, group), all.size());
      for (size_t bin = 0; bin < all.size(); ++bin) all[bin] += group < k_ ? counts[bin] : 0;
      int64_t n = 0;
      for (const int64_t count : counts) n += count;
      std::vector<WantedRank> wanted;
      want_ranks(column, group, n, wanted, results);
      int64_t before = 0;
      for (int bin = 0; bin < bins.bins(); before += counts[static_cast<size_t>(bin++)]) {
        const int64_t count = counts[static_cast<size_t>(bin)];
        ValueInterval whole{.column = column, .group = group, .bin = bin, .count = count, .wanted = {}};
        for (const WantedRank& rank : wanted)
          if (rank.rank >= before && rank.rank < before + count)
            whole.wanted.push_back({rank.rank - before, rank.result});
        const uint64_t keys[] = {ordered_key(bins.low(bin)), ordered_key(bins.low(bin + 1))};
        split_interval(whole, keys, std::span(&count, 1), out, results);
      }
    }
  }
  tables_ = {};
  return out;
}

void SegmentQuantiles::solve() {
  if (columns_.empty()) return;
  targets_.resize(columns_.size() * static_cast<size_t>(k_ + 1) * probabilities_.size());
  std::vector<ValueInterval> intervals = first_intervals(results_);
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
    out.push_back(target.present ? std::fma(target.fraction, high - low, low)
                                 : std::numeric_limits<double>::quiet_NaN());
  }
  return out;
}

}  // namespace clientele
