#include "repair.h"

#include <algorithm>
#include <utility>

namespace clientele {

std::vector<FarRow> farthest_rows(std::vector<FarRow> own, int count, int d, Comm& comm) {
  if (comm.size() == 1) return own;

  std::vector<double> d2;
  std::vector<int64_t> row;
  std::vector<float> values;
  for (const FarRow& far : own) {
    d2.push_back(far.d2);
    row.push_back(far.row);
    values.insert(values.end(), far.values.begin(), far.values.end());
  }
  d2 = comm.gather_all<double>(d2);
  row = comm.gather_all<int64_t>(row);
  values = comm.gather_all<float>(values);
  std::vector<FarRow> all(d2.size());
  for (size_t i = 0; i < all.size(); ++i) {
    const auto begin = values.begin() + static_cast<int64_t>(i) * d;
    all[i] = {d2[i], row[i], {begin, begin + d}};
  }
  std::sort(all.begin(), all.end(),
            [](const FarRow& a, const FarRow& b) { return a.d2 != b.d2 ? a.d2 > b.d2 : a.row < b.row; });
  std::vector<FarRow> best;
  for (FarRow& far : all) {
    const bool seen =
        std::any_of(best.begin(), best.end(), [&](const FarRow& other) { return other.values == far.values; });
    if (!seen && static_cast<int>(best.size()) < count) best.push_back(std::move(far));
  }
  return best;
}

Repair repair_empty(RowBlocks& rows, const Clustering& state, std::vector<float>& centroids, Env& env) {
  std::vector<size_t> empty;
  for (size_t c = 0; c < state.counts.size(); ++c)
    if (state.counts[c] == 0) empty.push_back(c);
  if (empty.empty()) return {};

  const CentroidsView view{centroids.data(), state.k, state.d};
  const int count = static_cast<int>(empty.size());
  std::vector<FarRow> own;
  rows.each([&](RowBlock& block) { env.backend.assign_ops().far_rows(block, view, count, own); });
  const std::vector<FarRow> candidates = farthest_rows(std::move(own), count, rows.d, env.comm);
  Repair repair;
  repair.left = static_cast<int64_t>(empty.size() - std::min(empty.size(), candidates.size()));
  for (size_t i = 0; i < std::min(empty.size(), candidates.size()); ++i) {
    const auto centroid = centroids.begin() + static_cast<int64_t>(empty[i]) * state.d;
    if (std::equal(candidates[i].values.begin(), candidates[i].values.end(), centroid)) continue;
    std::copy(candidates[i].values.begin(), candidates[i].values.end(), centroid);
    ++repair.changed;
  }
  return repair;
}

}  // namespace clientele
