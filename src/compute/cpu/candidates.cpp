#include "candidates.h"

#include <cmath>
#include <limits>
#include <numeric>

#include "clientele/compute/formulas.h"
#include "cpu_rows.h"
#include "listed_tile.h"

namespace clientele {
namespace {

/// With more rows moving than this lists would be too long.
constexpr double kMostMoving = 0.10;
/// A share of the centroids beyond their allowance that is not worth waiting to be counted.
constexpr double kManyExtras = 1.0 / 16;
/// Lists are given up for some rounds where one costs more than this.
constexpr double kMostWork = 0.9;
/// Rows are put in order again when so many of them have moved since.
constexpr double kMostMovedSinceOrder = 0.08;
/// A centroid that rests may begin to move: all are allowed steps of this share of the usual one, which is forgotten by
/// and by where nothing moves any more.
constexpr double kLeastStep = 0.5, kForget = 0.7;
/// Tiles without a list, beside what making the lists costs for each round that they are to last.
constexpr double kFewUnlisted = 0.25, kManyUnlisted = 1;
constexpr double kLongestHorizon = 512, kLonger = 1.5;
constexpr int kPatience = 4, kLongestPatience = 64, kMostRounds = 250;

}  // namespace

bool lists_pay(int k, int d) {
  constexpr int kLeast = 48, kMost = 2048;
  return k >= kLeast && k <= kMost && int64_t{k} * d >= 4096;
}

int listed_at_most(int k, int d) {
  constexpr int kLeast = 64, kMost = 128;
  return std::min((k + 7) / 8 * 8, std::clamp(4 * d / 8 * 8, kLeast, kMost));
}

int64_t candidates_bytes(int64_t rows, int k, int d) {
  if (!lists_pay(k, d)) return 0;
  const int64_t tiles = (rows + kTileRows - 1) / kTileRows;
  return tiles * static_cast<int64_t>(sizeof(TileCandidates) +
                                      static_cast<size_t>(listed_at_most(k, d)) * (sizeof(uint16_t) + sizeof(float)));
}

void CandidateDrift::start(const CentroidsView& centroids, const std::vector<double>& moved, double rounds) {
  const size_t k = moved.size();
  reference_.assign(centroids.data, centroids.data + k * static_cast<size_t>(centroids.d));
  std::vector<double> sorted = moved;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(k / 2), sorted.end());
  usual_ = std::max(sorted[k / 2], kForget * usual_);
  allowed_.resize(k);
  // A centroid that stands still has moved the least denormal (centroid_movement), which is no reason to see it as an
  // extra.
  for (size_t c = 0; c < k; ++c)
    allowed_[c] =
        std::max(float_down(rounds * (moved[c] + kLeastStep * usual_)), std::numeric_limits<float>::denorm_min());
  over_.assign(k, 0);
  extras_.clear();
  find_groups(moved);
  rounds_ = 1;
  moved_.assign(k, 0);
  moved_up_.assign(k, 0);
  group_moved_.assign(TileCandidates::kGroups, 0);
}

/// The fastest of 64 centroids, the next four, the next sixteen, the rest.
void CandidateDrift::find_groups(const std::vector<double>& moved) {
  std::vector<int32_t> members(moved.size());
  std::iota(members.begin(), members.end(), 0);
  std::stable_sort(members.begin(), members.end(),
                   [&](int32_t a, int32_t b) { return moved[static_cast<size_t>(a)] > moved[static_cast<size_t>(b)]; });
  const size_t k = moved.size();
  group_of_.resize(k);
  for (size_t i = 0; i < members.size(); ++i)
    group_of_[static_cast<size_t>(members[i])] = static_cast<uint8_t>(64 * i < k        ? 0
                                                                      : 64 * i < 5 * k  ? 1
                                                                      : 64 * i < 21 * k ? 2
                                                                                        : 3);
}

void CandidateDrift::add(const CentroidsView& centroids, const std::vector<double>& moved) {
  const size_t k = moved.size();
  for (size_t c = 0; c < k; ++c) {
    for (size_t at = c; at < moved_.size(); at += k) moved_[at] = drift_up(moved_[at] + moved[c]);
    const size_t first = c * static_cast<size_t>(centroids.d);
    const double away = centroid_movement(reference_.data() + first, centroids.data + first, centroids.d);
    if (over_[c] != 0 || away <= static_cast<double>(allowed_[c])) continue;
    over_[c] = 1;  // for good: lists have it from now on
    extras_.push_back(static_cast<uint16_t>(c));
  }
  ++rounds_;
  moved_.resize(moved_.size() + k);
  moved_up_.resize(moved_.size());
  group_moved_.assign(static_cast<size_t>(rounds_) * TileCandidates::kGroups, 0);
  for (size_t at = 0; at < moved_.size(); ++at) {
    moved_up_[at] = float_up(moved_[at]);
    float& of_group = group_moved_[at / k * TileCandidates::kGroups + group_of_[at % k]];
    of_group = std::max(of_group, moved_up_[at]);
  }
}

CandidatesView CandidateDrift::view() const {
  CandidatesView view{};
  view.k = static_cast<int>(over_.size());
  view.round = rounds_ - 1;
  view.moved = moved_up_.data();
  view.group_moved = group_moved_.data();
  view.group_of = group_of_.data();
  view.allowed = allowed_.data();
  view.extras = extras_.data();
  view.extra_count = static_cast<int>(extras_.size());
  return view;
}

ListPass CandidateChoice::next(const CandidateDrift& drift) {
  if (listed_) {
    // New lists pay for themselves when rounds have cost so much more than the first ones did.
    if (drift.extra_share() < kManyExtras && drift.rounds() < kMostRounds && excess_ < listing_cost_)
      return ListPass::listed;
    wait_ = average() > kMostWork ? patience_ : 0;
    patience_ = average() > kMostWork ? std::min(2 * patience_, kLongestPatience) : kPatience;
    listed_ = false;
  }
  if (wait_ > 0) {
    --wait_;
    return ListPass::full;
  }
  if (moved_share_ >= kMostMoving) return ListPass::full;
  return moved_since_order_ < kMostMovedSinceOrder ? ListPass::listing : ListPass::ordering;
}

void CandidateChoice::record(ListPass kind, const PassResult& pass, int64_t distances, int64_t rows, int64_t unlisted,
                             int64_t tiles) {
  const double all = static_cast<double>(rows) + 1;
  moved_share_ = static_cast<double>(pass.moved) / all;
  moved_since_order_ += moved_share_;
  if (kind == ListPass::ordering) moved_since_order_ = 0;
  if (kind == ListPass::listing) {
    listed_ = true;
    spent_ = listing_cost_;
    rounds_ = 1;
    excess_ = 0;
    fit_horizon(static_cast<double>(unlisted) / (static_cast<double>(tiles) + 1));
  }
  if (kind == ListPass::listed) {
    const double work = static_cast<double>(distances) / (all * k_);
    fresh_work_ = rounds_ == 1 ? work : std::min(fresh_work_, work);
    excess_ += work - fresh_work_;
    spent_ += work;
    rounds_ += 1;
  }
}

/// Longer lists last for more rounds, but more tiles have no room for theirs, which cost as in a full pass.
void CandidateChoice::fit_horizon(double unlisted) {
  const double listing = listing_cost_ / horizon_;
  if (unlisted < kFewUnlisted * listing) horizon_ = std::min(kLongestHorizon, horizon_ * kLonger);
  if (unlisted > kManyUnlisted * listing) horizon_ = std::max(1.0, horizon_ / kLonger);
}

bool PlainListLoops::find_ended(const ListMembers& list, float own, const uint16_t (&labels)[TileCandidates::kLabels],
                                WantedCentroids& wanted) {
  bool any = false;
  for (int i = 0; i < list.count; ++i) {
    const uint16_t c = list.ids[i] & TileCandidates::kCentroidMask;
    const float spent = (own + list.moved[c]) * kMore;
    const bool ended = !(spent < list.slacks[i]);
    wanted.left[static_cast<size_t>(i)] = ended ? 0.0f : (list.slacks[i] - spent) * kLess;
    any = any || ended;
    if (ended || std::find(std::begin(labels), std::end(labels), c) != std::end(labels)) wanted.add(c, i);
  }
  return any;
}

void PlainListLoops::find_least(const ListMembers& list, float (&least)[TileCandidates::kGroups]) {
  std::fill(std::begin(least), std::end(least), HUGE_VALF);
  for (int i = 0; i < list.count; ++i) {
    float& of_group = least[list.ids[i] >> TileCandidates::kCentroidBits];
    of_group = std::min(of_group, list.slacks[i]);
  }
}

}  // namespace clientele
