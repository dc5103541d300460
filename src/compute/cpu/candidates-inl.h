// Lists of candidates.h in Highway: tiles ranked against all centroids, whose values are kept, or against some.
#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <numeric>
#include <vector>

#include "assign-inl.h"
#include "bounds-inl.h"
#include "candidates.h"
#include "groups-inl.h"
#include "listed_tile.h"
#include "screen-inl.h"

#if defined(CLIENTELE_CANDIDATES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CLIENTELE_CANDIDATES_INL_H_
#undef CLIENTELE_CANDIDATES_INL_H_
#else
#define CLIENTELE_CANDIDATES_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace clientele {
namespace HWY_NAMESPACE {
#if HWY_NATIVE_FMA

namespace hn = hwy::HWY_NAMESPACE;

/// Scratch of one call: k values a row, and what is found in them.
struct ListScratch {
  ListScratch(const CandidatesView& lists, int k)
      : values(static_cast<size_t>(k) * kTileRows),
        reach(static_cast<size_t>(k)),
        every(static_cast<size_t>(k)),
        near(static_cast<size_t>(k) + 1),
        wanted(lists) {
    std::iota(every.begin(), every.end(), uint16_t{0});
  }
  std::vector<float> values, reach;
  std::vector<uint16_t> every, near;
  WantedCentroids wanted;
};

/// PlainListLoops, eight members at a time.
struct ListLoops {
  using Eight = hn::CappedTag<float, 8>;
  using Signed = hn::RebindToSigned<Eight>;
  static constexpr int kEight = static_cast<int>(hn::MaxLanes(Eight()));

  static bool find_ended(const ListMembers& list, float own, const uint16_t (&labels)[TileCandidates::kLabels],
                         WantedCentroids& wanted) {
    const Eight df;
    uint32_t any = 0;
    for (int i = 0; i < list.count; i += kEight) {
      const auto ids = hn::And(ids_at(list, i), hn::Set(Signed(), int32_t{TileCandidates::kCentroidMask}));
      const auto moved = hn::Add(hn::Set(df, own), hn::GatherIndex(df, list.moved, ids));
      const auto left = hn::NegMulAdd(moved, hn::Set(df, kMore), hn::LoadU(df, list.slacks + i));
      hn::StoreU(hn::Max(hn::Mul(left, hn::Set(df, kLess)), hn::Zero(df)), df, wanted.left.data() + i);
      const uint32_t inside = list.count - i >= kEight ? (1u << kEight) - 1 : (1u << (list.count - i)) - 1;
      const uint32_t ended = ~bits(df, hn::Gt(left, hn::Zero(df))) & inside;
      auto own_label = hn::Eq(ids, hn::Set(Signed(), int32_t{labels[0]}));
      for (int l = 1; l < TileCandidates::kLabels; ++l)
        own_label = hn::Or(own_label, hn::Eq(ids, hn::Set(Signed(), int32_t{labels[l]})));
      any |= ended;
      for (uint32_t left_bits = ended | (bits(Signed(), own_label) & inside); left_bits != 0;
           left_bits &= left_bits - 1) {
        const int place = i + std::countr_zero(left_bits);
        wanted.add(list.ids[place] & TileCandidates::kCentroidMask, place);
      }
    }
    return any != 0;
  }

  static void find_least(const ListMembers& list, float (&least)[TileCandidates::kGroups]) {
    const Eight df;
    const auto infinity = hn::Set(df, HUGE_VALF);
    hn::Vec<Eight> of_group[TileCandidates::kGroups];
    for (auto& v : of_group) v = infinity;
    for (int i = 0; i < list.count; i += kEight) {
      const auto slacks = hn::LoadU(df, list.slacks + i);
      const auto group = hn::ShiftRight<TileCandidates::kCentroidBits>(ids_at(list, i));
      for (int g = 0; g < TileCandidates::kGroups; ++g) {
        const auto in = hn::RebindMask(df, hn::Eq(group, hn::Set(Signed(), g)));
        of_group[g] = hn::Min(of_group[g], hn::IfThenElse(in, slacks, infinity));
      }
    }
    for (int g = 0; g < TileCandidates::kGroups; ++g) least[g] = hn::GetLane(hn::MinOfLanes(df, of_group[g]));
  }

 private:
  static HWY_INLINE hn::Vec<Signed> ids_at(const ListMembers& list, int i) {
    return hn::PromoteTo(Signed(), hn::LoadU(hn::Rebind<uint16_t, Signed>(), list.ids + i));
  }
  template <class D, class Mask>
  static HWY_INLINE uint32_t bits(D tag, Mask mask) {
    uint8_t packed[8] = {};
    hn::StoreMaskBits(tag, mask, packed);
    return packed[0];
  }
};

using SimdListedTile = ListedTile<ListLoops>;

/// Ranks the tile against centroids ids[0, count) and keeps the count x 16 lower bounds.
HWY_INLINE void rank_kept(const float* tile, const Screen& screen, const uint16_t* ids, int count, int64_t ahead,
                          float* values, TileRanking& r) {
  clear(r);
  const int first = std::min(kListed, count);
  rank_some<true>(tile, screen, ids, first, ahead, r, values);
  int i = first;
  for (; i + kListed <= count; i += kListed)
    rank_listed<kListed, false>(tile, screen, ids + i, ahead, r, values + i * kTileRows);
  if (i < count) rank_some<false>(tile, screen, ids + i, count - i, ahead, r, values + i * kTileRows);
}

HWY_INLINE float least_lane(Floats v) {
  return hn::GetLane(hn::MinOfLanes(FloatTag(), v));
}

/// How far the rows of a tile are from being nearest to other centroids, in units that a row's distance u to its own
/// divides out: of a lower bound v of another's value it is q = (v - own) / u, and the least q of a tile gives the
/// least slack 2 q / (1 + sqrt(1 + 2 q / u)), which grows with u (slack_of has the same for a single row).
class Margins {
 public:
  /// labels: of the tile's first `rows` rows, which the screen certified in r; wide: all of them by the widest gap.
  HWY_INLINE Margins(const Screen& screen, const TileRanking& r, const int32_t* labels, int rows, bool wide) {
    const FloatTag df;
    float gaps[kTileRows];
    if (HWY_UNLIKELY(!wide)) own_gaps(screen, r, labels, rows, gaps);
    auto most = hn::Zero(df), least = hn::Set(df, HUGE_VALF);
    for (int v = 0; v < kTileVectors; ++v) {
      const auto gap = wide ? widest_gap(screen, r.length[v]) : hn::LoadU(df, gaps + v * kFloats);
      const auto norm2 = hn::Mul(hn::Mul(r.length[v], r.length[v]), hn::Set(df, 1 + 0x1p-20f));
      const auto u = hn::Sqrt(d2_above(norm2, hn::Add(r.best[v], gap)));
      best_[v] = r.best[v];
      gap_[v] = hn::Mul(gap, hn::Set(df, 1 + 0x1p-20f));
      // A larger u gives less slack. Values below 2^102 (kScreenReach) do not overflow by this one's inverse.
      inverse_[v] = hn::Div(hn::Set(df, kLess), hn::Max(u, hn::Set(df, 0x1p-24f)));
      // Of both products in MulSub the roundings are below 2^-22 of the own value; those of others grow with q.
      const auto roundings = hn::MulAdd(hn::Abs(best_[v]), hn::Set(df, 0x1p-20f), gap_[v]);
      base_[v] = hn::Mul(hn::Add(best_[v], roundings), inverse_[v]);
      label_[v] = hn::LoadU(IndexTag(), labels + v * kFloats);
      const auto number = hn::Add(hn::Iota(IndexTag(), 0), hn::Set(IndexTag(), v * kFloats));
      valid_[v] = hn::RebindMask(df, hn::Lt(number, hn::Set(IndexTag(), rows)));
      most = hn::Max(most, hn::IfThenElseZero(valid_[v], u));
      least = hn::Min(least, hn::IfThenElse(valid_[v], u, hn::Set(df, HUGE_VALF)));
    }
    farthest_ = hn::GetLane(hn::MaxOfLanes(df, most));
    nearest_ = least_lane(least) * kLess;
    rounding_ = static_cast<float>(screen.d + 4) * 0x1p-50f;
  }

  /// q of one centroid's values, per lane; its own rows and the padding are no others'.
  HWY_INLINE Floats others(const float* values, int32_t c) const {
    const FloatTag df;
    auto least = hn::Set(df, HUGE_VALF);
    for (int v = 0; v < kTileVectors; ++v) {
      const auto own = hn::RebindMask(df, hn::Eq(label_[v], hn::Set(IndexTag(), c)));
      const auto counts = hn::AndNot(own, valid_[v]);
      least = hn::Min(least, hn::IfThenElse(counts, q(values, v), hn::Set(df, HUGE_VALF)));
    }
    return least;
  }
  /// At most the least q of the tile's rows, its own ones too; of a whole tile.
  HWY_INLINE Floats below(const float* values) const {
    const FloatTag df;
    auto least = hn::MulSub(hn::LoadU(df, values), inverse_[0], base_[0]);
    for (int v = 1; v < kTileVectors; ++v)
      least = hn::Min(least, hn::MulSub(hn::LoadU(df, values + v * kFloats), inverse_[v], base_[v]));
    return least;
  }
  /// Slacks, at least 0, for `count` values of q in their place; writes whole vectors.
  HWY_INLINE void find_slacks(float* values, int count) const {
    const FloatTag df;
    const auto one = hn::Set(df, 1.0f), two = hn::Set(df, 2.0f);
    for (int i = 0; i < count; i += kFloats) {
      const auto q = hn::LoadU(df, values + i);
      const auto root = hn::Sqrt(hn::MulAdd(q, hn::Set(df, 2 / nearest_), one));
      const auto roots = hn::Mul(two, hn::Add(hn::Set(df, farthest_), q));
      const auto slack = hn::Sub(hn::Mul(hn::Div(hn::Mul(two, q), hn::Add(one, root)), hn::Set(df, kLess)),
                                 hn::Mul(roots, hn::Set(df, rounding_)));
      const auto sure = hn::IfThenElse(hn::Gt(slack, hn::Zero(df)), slack, hn::Zero(df));  // a NaN is no slack
      const auto no_others = hn::Eq(q, hn::Set(df, HUGE_VALF));
      hn::StoreU(hn::IfThenElse(no_others, hn::Set(df, HUGE_VALF), sure), df, values + i);
    }
  }
  /// reach[c]: rows with less than this as their q may have less slack than own + allowed[c].
  void find_reach(const float* allowed, int k, float own, float* reach) const {
    const float per_distance = 0.5f / nearest_, floor = 8 * farthest_ * rounding_, most = 1024 * nearest_;
    for (int c = 0; c < k; ++c) {
      const float slack = (own + allowed[c]) * (1 + 0x1p-16f) + floor;
      const float q = (slack + slack * slack * per_distance) * (1 + 0x1p-16f);
      reach[c] = slack < most ? q : HUGE_VALF;
    }
  }

 private:
  /// One centroid far out makes the widest gap wide.
  static HWY_NOINLINE void own_gaps(const Screen& screen, const TileRanking& r, const int32_t* labels, int rows,
                                    float* gaps) {
    float length[kTileRows];
    for (int v = 0; v < kTileVectors; ++v) hn::StoreU(r.length[v], FloatTag(), length + v * kFloats);
    std::fill_n(gaps, kTileRows, 0.0f);
    for (int i = 0; i < rows; ++i) gaps[i] = screen_gap(screen.bounds[static_cast<size_t>(labels[i])], length[i]);
  }

  HWY_INLINE Floats q(const float* values, int v) const {
    const FloatTag df;
    const auto apart = hn::Sub(hn::LoadU(df, values + v * kFloats), best_[v]);
    return hn::Mul(hn::MulSub(apart, hn::Set(df, kLess), gap_[v]), inverse_[v]);
  }

  Floats best_[kTileVectors], gap_[kTileVectors], inverse_[kTileVectors], base_[kTileVectors];
  Indices label_[kTileVectors];
  hn::Mask<FloatTag> valid_[kTileVectors];
  float farthest_, nearest_, rounding_;
};

/// Fills scratch.near with the centroids within reach of a row of the tile; returns their number.
HWY_INLINE int find_near(const Margins& margins, int k, ListScratch& scratch) {
  const FloatTag df;
  const float *values = scratch.values.data(), *reach = scratch.reach.data();
  uint16_t* near = scratch.near.data();
  int count = 0;
  for (int c = 0; c < k; ++c, values += kTileRows) {
    near[count] = static_cast<uint16_t>(c);  // whether or not: nothing to guess for the processor
    count += hn::AllTrue(df, hn::Ge(margins.below(values), hn::Set(df, reach[c]))) ? 0 : 1;
  }
  return count;
}

/// The tile against all centroids, and its new list. Returns whether it has one.
HWY_NOINLINE bool list_tile(Job& job, const float* tile, int rows, int32_t* labels, const int64_t* weights,
                            int64_t ahead, const CandidatesView& lists, int64_t t, ListScratch& scratch) {
  const FloatTag df;
  const Screen& screen = job.screen;
  TileRanking r;
  rank_kept(tile, screen, scratch.every.data(), screen.k, ahead, scratch.values.data(), r);
  SimdListedTile listed(lists, t);
  listed.drop();
  const int64_t rechecked = job.sums.rechecked;
  const uint32_t uncertain = assign_ranked<1>(job, tile, rows, labels, weights, r, nullptr);
  if (job.sums.rechecked != rechecked) return false;  // some row is as near to another
  const Margins margins(screen, r, labels, rows, uncertain == 0);
  margins.find_reach(lists.allowed, screen.k, allowed_of(lists, labels, rows), scratch.reach.data());
  const int count = rows == kTileRows ? find_near(margins, screen.k, scratch) : screen.k;
  if (count > lists.most) return false;
  const uint16_t* near = count == screen.k ? scratch.every.data() : scratch.near.data();
  for (int i = 0; i < count; ++i)
    scratch.wanted.slacks[static_cast<size_t>(i)] =
        least_lane(margins.others(scratch.values.data() + int64_t{near[i]} * kTileRows, near[i]));
  margins.find_slacks(scratch.wanted.slacks.data(), count);
  listed.start(labels, rows, near, scratch.wanted.slacks.data(), count);
  return true;
}

/// The tile against what its list says. Returns to how many centroids it was compared.
template <int S>
HWY_NOINLINE int64_t assign_wanted(Job& job, const float* tile, int rows, int32_t* labels, const int64_t* weights,
                                   int64_t ahead, SimdListedTile& listed, ListScratch& scratch) {
  WantedCentroids& wanted = scratch.wanted;
  if (!listed.unlisted()) listed.find_wanted(labels, rows, wanted);
  if (listed.unlisted()) {
    assign_step<1, S>(job, tile, rows, labels, weights, ahead, nullptr);
    return job.screen.k;
  }
  if (wanted.count == 0) return 0;
  TileRanking r;
  rank_kept(tile, job.screen, wanted.ids.data(), wanted.count, ahead, scratch.values.data(), r);
  const int64_t moved = job.sums.moved, rechecked = job.sums.rechecked;
  const uint32_t uncertain = assign_ranked<1>(job, tile, rows, labels, weights, r, nullptr);
  const bool certain = job.sums.rechecked == rechecked;
  if (!certain) {
    std::fill_n(wanted.slacks.begin(), wanted.count, 0.0f);
  } else {
    const Margins margins(job.screen, r, labels, rows, uncertain == 0);
    for (int i = 0; i < wanted.count; ++i) {
      const size_t at = static_cast<size_t>(i);
      wanted.slacks[at] = least_lane(margins.others(scratch.values.data() + i * kTileRows, wanted.ids[at]));
    }
    margins.find_slacks(wanted.slacks.data(), wanted.count);
  }
  listed.renew(wanted, labels, rows, job.sums.moved != moved);
  if (!certain && !listed.has(labels, rows)) listed.drop();
  return wanted.count;
}

#endif  // HWY_NATIVE_FMA
}  // namespace HWY_NAMESPACE
}  // namespace clientele
HWY_AFTER_NAMESPACE();
#endif
