#include "clientele/cluster/outliers.h"

#include <algorithm>
#include <bit>

#include "clientele/base/quantile_ranks.h"
#include "clientele/compute/formulas.h"

namespace clientele {

namespace {

constexpr int kDigitBits = 16;
constexpr int64_t kPieceRows = 65536;

/// The published distances of all ranks' rows, each as often as its m.
class WeightedDistances {
 public:
  WeightedDistances(const RowBlocks& rows, std::span<const float> distances, Env& env)
      : rows_(rows), distances_(distances), env_(env) {}

  int64_t total() const {
    std::vector<int64_t> total = {0};
    each([&](float, int64_t m) { total[0] += m; });
    env_.comm.sum(total);
    return total[0];
  }

  /// The value of this rank (from 0, ascending). The bits of floats that are not negative are ordered as the floats
  /// are: two counts of 16 bits each find it.
  float at(int64_t rank) const {
    uint32_t high = 0;
    for (const bool first : {true, false}) {
      std::vector<int64_t> counts(size_t{1} << kDigitBits);
      each([&](float distance, int64_t m) {
        const uint32_t bits = std::bit_cast<uint32_t>(distance == 0 ? 0.0f : distance);
        if (first)
          counts[bits >> kDigitBits] += m;
        else if (bits >> kDigitBits == high)
          counts[bits & 0xFFFFu] += m;
      });
      env_.comm.sum(counts);
      uint32_t digit = 0;
      for (; rank >= counts[digit]; ++digit) rank -= counts[digit];
      if (!first) return std::bit_cast<float>(high << kDigitBits | digit);
      high = digit;
    }
    return 0;  // not reached
  }

 private:
  /// body(distance, m) of this rank's rows.
  template <class Body>
  void each(const Body& body) const {
    if (!rows_.weighted) {
      for (const float distance : distances_) body(distance, 1);
      return;
    }
    std::vector<int64_t> m;
    for (const auto& block : rows_.blocks) {
      for (int64_t row = 0; row < block->rows(); row += kPieceRows) {
        m.resize(static_cast<size_t>(std::min(kPieceRows, block->rows() - row)));
        env_.backend.sample_ops().copy_weights(*block, row, m);
        const float* distance = distances_.data() + (block->first_row() + row - rows_.first_row);
        for (size_t i = 0; i < m.size(); ++i) body(distance[i], m[i]);
      }
    }
  }

  const RowBlocks& rows_;
  std::span<const float> distances_;
  Env& env_;
};

}  // namespace

Outliers find_outliers(const RowBlocks& rows, const Published& published, double share, Env& env) {
  Outliers out;
  if (!(share > 0)) return out;
  const WeightedDistances distances(rows, published.distance, env);
  const QuantileRanks ranks = quantile_ranks(1 - share, distances.total(), rows.unit_weight);
  const double below = static_cast<double>(distances.at(ranks.low));
  const double above = ranks.fraction > 0 ? static_cast<double>(distances.at(ranks.high)) : below;
  out.threshold = between(ranks.fraction, below, above);
  out.rows.resize(published.rows.size());
  for (size_t i = 0; i < published.distance.size(); ++i)
    if (static_cast<double>(published.distance[i]) > out.threshold) ++out.rows[static_cast<size_t>(published.label[i])];
  env.comm.sum(out.rows);
  return out;
}

}  // namespace clientele
