#include "segment_statistics.h"

#include <algorithm>

#include "clientele/cluster/across_ranks.h"

namespace clientele {

namespace {

constexpr size_t kSumLanes = 4;

/// Open sums of one number column in one segment of one block. Value i of them goes to lane i mod 4.
struct ShiftedSums {
  int64_t present = 0;  ///< values
  int64_t weight = 0;   ///< sum of m, in weighted jobs
  double shift = 0;
  double sum[kSumLanes] = {};
  double squares[kSumLanes] = {};

  void add(std::span<const double> values) {
    if (values.empty()) return;
    if (present == 0) shift = values[0];
    size_t i = 0;
    const size_t open = (kSumLanes - static_cast<size_t>(present) % kSumLanes) % kSumLanes;
    for (; i < std::min(open, values.size()); ++i) add_one(values[i], kSumLanes - open + i);
    for (; i + kSumLanes <= values.size(); i += kSumLanes)
      for (size_t lane = 0; lane < kSumLanes; ++lane) add_one(values[i + lane], lane);
    for (size_t lane = 0; i < values.size(); ++i, ++lane) add_one(values[i], lane);
    present += static_cast<int64_t>(values.size());
  }

  void add(std::span<const double> values, std::span<const int64_t> weights) {
    if (weights.empty()) return add(values);
    for (size_t i = 0; i < values.size(); ++i) {
      if (present == 0) shift = values[i];
      const size_t lane = static_cast<size_t>(present++) % kSumLanes;
      const double m = static_cast<double>(weights[i]), t = values[i] - shift;
      sum[lane] += m * t;
      squares[lane] += m * (t * t);
      weight += weights[i];
    }
  }

 private:
  void add_one(double x, size_t lane) {
    const double t = x - shift;
    sum[lane] += t;
    squares[lane] += t * t;
  }
};

/// What a block leaves behind: enough to merge, and small, for there may be thousands of blocks.
struct BlockMoments {
  int64_t present = 0;  ///< values, or the sum of their m
  double mean = 0, m2 = 0;
};

BlockMoments close(const ShiftedSums& sums) {
  if (sums.present == 0) return {};
  const int64_t weight = sums.weight > 0 ? sums.weight : sums.present;
  const double n = static_cast<double>(weight);
  const double p = (sums.sum[0] + sums.sum[2]) + (sums.sum[1] + sums.sum[3]);
  const double q = (sums.squares[0] + sums.squares[2]) + (sums.squares[1] + sums.squares[3]);
  const double m2 = q - p * p / n;
  return {weight, sums.shift + p / n, m2 > 0 ? m2 : 0};
}

class StatisticsPass {
 public:
  StatisticsPass(const LabelledRows& rows, const ProfileColumns& columns, std::span<const float> margins,
                 SegmentQuantiles& quantiles)
      : rows_(rows),
        columns_(columns),
        margins_(margins),
        quantiles_(quantiles),
        k_(static_cast<size_t>(rows.k())),
        workers_(static_cast<size_t>(rows.env().pool.threads())),
        blocks_(static_cast<size_t>(rows.blocks())),
        margin_blocks_(blocks_.size(), std::vector<double>(k_)) {
    for (Worker& worker : workers_) {
      worker.present.resize(columns.numbers.size() * k_);
      for (const int levels : columns.category_levels) worker.counts.emplace_back(k_ * static_cast<size_t>(levels));
    }
  }

  SegmentStatistics run() {
    std::vector<int> read = columns_.numbers;
    read.insert(read.end(), columns_.categories.begin(), columns_.categories.end());
    rows_.walk(read, [&](const LabelledPiece& piece) { add(piece); });
    SegmentStatistics out;
    out.numbers = merge_moments();
    out.present_rows = total_of([](Worker& worker) -> std::vector<int64_t>& { return worker.present; });
    for (size_t c = 0; c < columns_.categories.size(); ++c)
      out.categories.push_back(total_of([c](Worker& worker) -> std::vector<int64_t>& { return worker.counts[c]; }));
    out.margin_sums = merge_blocks(margin_blocks_, static_cast<int>(k_), rows_.env().comm);
    return out;
  }

 private:
  struct Worker {
    std::vector<ShiftedSums> open;  ///< numbers x k, of the block under way
    GroupedValues grouped;
    std::vector<int64_t> present;              ///< numbers x k
    std::vector<std::vector<int64_t>> counts;  ///< per category column
  };

  /// Of all workers and ranks.
  template <class Of>
  std::vector<int64_t> total_of(const Of& of) {
    std::vector<int64_t> total = std::move(of(workers_[0]));
    for (size_t w = 1; w < workers_.size(); ++w)
      for (size_t i = 0; i < total.size(); ++i) total[i] += of(workers_[w])[i];
    rows_.env().comm.sum(total);
    return total;
  }

  void add(const LabelledPiece& piece) {
    Worker& worker = workers_[static_cast<size_t>(piece.worker)];
    if (piece.first_row % kBlockRows == 0) worker.open.assign(columns_.numbers.size() * k_, {});
    for (size_t c = 0; c < columns_.numbers.size(); ++c) {
      piece.group(static_cast<int64_t>(c), worker.grouped);
      for (size_t s = 0; s < k_; ++s)
        worker.open[c * k_ + s].add(worker.grouped.segment(static_cast<int>(s)),
                                    worker.grouped.segment_weights(static_cast<int>(s)));
      count_present(piece, c, worker);
      quantiles_.count(piece.worker, static_cast<int>(c), worker.grouped);
    }
    for (size_t c = 0; c < columns_.categories.size(); ++c) count_categories(piece, c, worker);
    std::vector<double>& margin = margin_blocks_[static_cast<size_t>(piece.block)];
    for (size_t i = 0; i < piece.labels().size(); ++i)
      margin[static_cast<size_t>(piece.labels()[i])] +=
          static_cast<double>(piece.weight(i)) *
          static_cast<double>(margins_[static_cast<size_t>(piece.first_row) + i]);
    std::vector<BlockMoments>& closed = blocks_[static_cast<size_t>(piece.block)];
    closed.clear();
    for (const ShiftedSums& sums : worker.open) closed.push_back(close(sums));
  }

  void count_present(const LabelledPiece& piece, size_t c, Worker& worker) {
    int64_t* present = worker.present.data() + c * k_;
    if (!piece.weighted()) {
      for (size_t s = 0; s < k_; ++s)
        present[s] += static_cast<int64_t>(worker.grouped.segment(static_cast<int>(s)).size());
      return;
    }
    const std::span<const double> values = piece.column(static_cast<int64_t>(c));
    for (size_t i = 0; i < values.size(); ++i)
      if (values[i] == values[i]) ++present[static_cast<size_t>(piece.labels()[i])];
  }

  void count_categories(const LabelledPiece& piece, size_t c, Worker& worker) {
    const std::span<const double> codes = piece.column(static_cast<int64_t>(columns_.numbers.size() + c));
    const size_t levels = static_cast<size_t>(columns_.category_levels[c]);
    for (size_t i = 0; i < codes.size(); ++i) {
      if (codes[i] != codes[i]) continue;
      worker.counts[c][static_cast<size_t>(piece.labels()[i]) * levels + static_cast<size_t>(codes[i])] +=
          piece.weight(i);
    }
  }

  /// Rank after rank folds its blocks onto the running merge.
  std::vector<Moments> merge_moments() {
    std::vector<Moments> all(columns_.numbers.size() * k_);
    Comm& comm = rows_.env().comm;
    for (int rank = 0; rank < comm.size(); ++rank) {
      if (rank == comm.rank())
        for (const std::vector<BlockMoments>& block : blocks_)
          for (size_t i = 0; i < all.size(); ++i) {
            Moments next;
            next.present = block[i].present;
            next.mean = block[i].mean;
            next.m2 = block[i].m2;
            all[i] = Moments::merge(all[i], next);
          }
      comm.broadcast(std::as_writable_bytes(std::span(all)), rank);
    }
    return all;
  }

  const LabelledRows& rows_;
  const ProfileColumns& columns_;
  std::span<const float> margins_;
  SegmentQuantiles& quantiles_;
  size_t k_;
  std::vector<Worker> workers_;
  std::vector<std::vector<BlockMoments>> blocks_;
  std::vector<std::vector<double>> margin_blocks_;
};

}  // namespace

SegmentStatistics segment_statistics(const LabelledRows& rows, const ProfileColumns& columns,
                                     std::span<const float> margins, SegmentQuantiles& quantiles) {
  return StatisticsPass(rows, columns, margins, quantiles).run();
}

}  // namespace clientele
