#include "bounds.h"

#include <numeric>

#include "clientele/compute/formulas.h"

namespace clientele {
namespace {

/// With more rows moving than this most bounds would expire at once.
constexpr double kMostMoving = 0.10;
/// An order is worth its price where no more of the rows than this would expire in the next pass.
constexpr double kMostExpiring = 0.5;
/// Bounds are given up where more than this of a full pass's distances was needed.
constexpr double kMostWork = 0.6;
/// A new order that leaves more than this of the work came too early.
constexpr double kLittleGain = 0.7;
/// What an order costs beside distances: moving a row is worth about so many of them.
constexpr double kOrderDistances = 60;
/// The fastest centroids, the next ones, and so on; the last group takes the rest.
constexpr int kGroupSizes[kDriftGroups - 1] = {4, 12, 36, 108, 324};
constexpr int kLeastForGroups = 32;

}  // namespace

void DriftSums::start(const std::vector<double>& moved) {
  const int k = static_cast<int>(moved.size());
  own_.assign(moved.size(), 0);
  any_ = 0;
  std::fill_n(group_, kDriftGroups, 0.0);
  members_.resize(moved.size());
  std::iota(members_.begin(), members_.end(), 0);
  std::stable_sort(members_.begin(), members_.end(),
                   [&](int32_t a, int32_t b) { return moved[static_cast<size_t>(a)] > moved[static_cast<size_t>(b)]; });
  groups_ = 1;
  if (k >= kLeastForGroups)
    for (int end = 0; groups_ < kDriftGroups && end + 2 * kGroupSizes[groups_ - 1] <= k; ++groups_)
      begin_[groups_] = end += kGroupSizes[groups_ - 1];
  begin_[groups_] = k;
  group_of_.resize(moved.size());
  for (int g = 0; g < groups_; ++g)
    for (int i = begin_[g]; i < begin_[g + 1]; ++i)
      group_of_[static_cast<size_t>(members_[static_cast<size_t>(i)])] = static_cast<uint8_t>(g);
  round();
}

void DriftSums::add(const std::vector<double>& moved) {
  double farthest[kDriftGroups] = {};
  for (size_t c = 0; c < moved.size(); ++c) {
    own_[c] = drift_up(own_[c] + moved[c]);
    double& of_group = farthest[group_of_[c]];
    of_group = std::max(of_group, moved[c]);
  }
  for (int g = 0; g < groups_; ++g) group_[g] = drift_up(group_[g] + farthest[g]);
  any_ = drift_up(any_ + *std::max_element(farthest, farthest + kDriftGroups));
  round();
}

void DriftSums::round() {
  own_up_.resize(own_.size());
  own_down_.resize(own_.size());
  for (size_t c = 0; c < own_.size(); ++c) {
    own_up_[c] = float_up(own_[c]);
    own_down_[c] = float_down(own_[c]);
  }
}

DriftView DriftSums::view() const {
  DriftView view{};
  view.own_up = own_up_.data();
  view.own_down = own_down_.data();
  view.any_up = float_up(any_);
  view.any_down = float_down(any_);
  view.groups = groups_;
  for (int g = 0; g < groups_; ++g) {
    view.group_up[g] = float_up(group_[g]);
    view.group_down[g] = float_down(group_[g]);
  }
  std::copy_n(begin_, kDriftGroups + 1, view.begin);
  view.members = members_.data();
  view.group_of = group_of_.data();
  return view;
}

void DriftSums::rows_to_read(const CpuRows& rows, std::vector<LocalRows>& wanted) const {
  const BoundsView bounds = view(rows, 0);
  const size_t before = wanted.size();
  for (int64_t tile = 0; tile < rows.tiles(); ++tile) {
    if (bounds.expired(tile) == 0) continue;
    const int64_t first = tile * kTileRows, last = first + rows.tile_rows(tile);
    if (wanted.size() > before && wanted.back().last == first)
      wanted.back().last = last;
    else
      wanted.push_back({first, last});
  }
}

PassKind BoundsChoice::next(const std::vector<double>& moved) {
  probe_step_ = 0;
  if (k_ == 1) return PassKind::full;
  if (bounds_ && work_ > kMostWork) bounds_ = promising_ = false;
  const double price = scanned_ * (1 + kOrderDistances / k_);
  if (bounds_) return spent_ > patience_ * price ? PassKind::ordering : PassKind::bounded;
  if (promising_) return PassKind::ordering;
  if (moved_share_ >= kMostMoving) return PassKind::full;
  // What the rows would have to outlast but for the fastest group, which is cheap to look at.
  std::vector<double> sorted = moved;
  std::sort(sorted.rbegin(), sorted.rend());
  probe_step_ =
      std::max(2.0, 1 + kOrderDistances / k_) * sorted[k_ >= kLeastForGroups ? static_cast<size_t>(kGroupSizes[0]) : 0];
  return PassKind::full;
}

void BoundsChoice::record(PassKind kind, const PassResult& pass, int64_t distances, int64_t rows, int64_t looked,
                          int64_t expiring) {
  const double all = static_cast<double>(rows) + 1;
  moved_share_ = static_cast<double>(pass.moved) / all;
  switch (kind) {
    case PassKind::full:
      promising_ = looked > 0 && static_cast<double>(expiring) < kMostExpiring * static_cast<double>(looked);
      break;
    case PassKind::ordering:
      before_ = bounds_ ? work_ : 1;
      bounds_ = fresh_ = true;
      work_ = scanned_ = spent_ = 0;
      break;
    case PassKind::bounded:
      work_ = static_cast<double>(distances) / (all * k_);
      scanned_ = static_cast<double>(pass.scanned) / all;
      spent_ += work_;
      if (fresh_) patience_ = work_ > kLittleGain * before_ ? 2 * patience_ : kPatience;
      fresh_ = false;
      break;
  }
}

}  // namespace clientele
