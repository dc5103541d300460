// Tiles of a bounded pass in Highway: ranked against the groups of centroids that their bounds have expired for.
#include <hwy/highway.h>

#include <algorithm>

#include "bounds-inl.h"
#include "screen-inl.h"

#if defined(CLIENTELE_GROUPS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CLIENTELE_GROUPS_INL_H_
#undef CLIENTELE_GROUPS_INL_H_
#else
#define CLIENTELE_GROUPS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace clientele {
namespace HWY_NAMESPACE {
#if HWY_NATIVE_FMA

namespace hn = hwy::HWY_NAMESPACE;

using TileRanking = Ranking<kTileVectors, 1>;

/// Centroids of a list that are ranked side by side: with the rows' norms they fill 16 registers of 8 lanes.
inline constexpr int kListed = 5;

/// kNorms: finds r.length, which is given otherwise. values: null, or room for the NC x 16 lower bounds.
template <int NC, bool kNorms, class Id>
HWY_INLINE void rank_listed(const float* HWY_RESTRICT tile, const Screen& screen, const Id* list, int64_t ahead,
                            TileRanking& r, float* values) {
  const FloatTag df;
  Floats acc[NC][kTileVectors], norm[kTileVectors];
  const float* c[NC];
  for (int i = 0; i < NC; ++i) {
    c[i] = screen.centroids + int64_t{list[i]} * screen.d;
    for (int v = 0; v < kTileVectors; ++v) acc[i][v] = hn::Set(df, screen.bounds[static_cast<size_t>(list[i])].bias);
  }
  for (int v = 0; v < kTileVectors; ++v) norm[v] = hn::Zero(df);
  for (int j = 0; j < screen.d; ++j) {
    Floats x[kTileVectors];
    for (int v = 0; v < kTileVectors; ++v) x[v] = hn::LoadU(df, tile + j * kTileRows + v * kFloats);
    if constexpr (kNorms) {
      hwy::Prefetch(tile + ahead + j * kTileRows);
      for (int v = 0; v < kTileVectors; ++v) norm[v] = hn::MulAdd(x[v], x[v], norm[v]);
    }
    for (int i = 0; i < NC; ++i) {
      const auto coordinate = hn::Set(df, c[i][j]);
      for (int v = 0; v < kTileVectors; ++v) acc[i][v] = hn::NegMulAdd(x[v], coordinate, acc[i][v]);
    }
  }
  for (int v = 0; v < kTileVectors; ++v) {
    if constexpr (kNorms) r.length[v] = length_of(norm[v], screen);
    for (int i = 0; i < NC; ++i) {
      const auto slope = hn::Set(df, screen.bounds[static_cast<size_t>(list[i])].slope);
      const auto lower = hn::MulAdd(r.length[v], slope, acc[i][v]);
      if (values != nullptr) hn::StoreU(lower, df, values + i * kTileRows + v * kFloats);
      rank_one(lower, hn::Set(IndexTag(), list[i]), v, r);
    }
  }
}

template <bool kNorms, class Id>
HWY_INLINE void rank_some(const float* tile, const Screen& screen, const Id* list, int count, int64_t ahead,
                          TileRanking& r, float* values = nullptr) {
  switch (count) {
    case 1:
      return rank_listed<1, kNorms>(tile, screen, list, ahead, r, values);
    case 2:
      return rank_listed<2, kNorms>(tile, screen, list, ahead, r, values);
    case 3:
      return rank_listed<3, kNorms>(tile, screen, list, ahead, r, values);
    case 4:
      return rank_listed<4, kNorms>(tile, screen, list, ahead, r, values);
    default:
      return rank_listed<kListed, kNorms>(tile, screen, list, ahead, r, values);
  }
}

/// Ranks of one tile: of each group that was looked at, and of all centroids that were.
class GroupRanks {
 public:
  GroupRanks(const float* tile, const Screen& screen, int64_t ahead) : tile_(tile), screen_(screen), ahead_(ahead) {
    clear(all_);
  }

  /// The tile's own labels, whose groups are not looked at.
  void rank_own(const int32_t* labels, int count) { rank(labels, count, all_); }

  void rank_group(const DriftView& drift, int g) {
    TileRanking& r = groups_[g];
    clear(r);
    for (int v = 0; v < kTileVectors; ++v) r.length[v] = all_.length[v];
    rank(drift.members + drift.begin[g], drift.begin[g + 1] - drift.begin[g], r);
    for (int v = 0; v < kTileVectors; ++v) {
      all_.length[v] = r.length[v];
      const auto wins = hn::Lt(r.best[v], all_.best[v]);
      all_.second[v] = hn::Min(hn::Max(r.best[v], all_.best[v]), hn::Min(r.second[v], all_.second[v]));
      all_.best[v] = hn::Min(r.best[v], all_.best[v]);
      all_.first_index[v] = hn::IfThenElse(hn::RebindMask(IndexTag(), wins), r.first_index[v], all_.first_index[v]);
    }
  }

  const TileRanking& all() const { return all_; }
  int64_t ranked() const { return ranked_; }

  /// The least slack of the first `rows` rows against the others of group g; the screen certified their labels.
  float least_slack(int g, int rows) const {
    const FloatTag df;
    float slacks[kTileRows];
    for (int v = 0; v < kTileVectors; ++v) {
      const auto own = hn::RebindMask(df, hn::Eq(groups_[g].first_index[v], all_.first_index[v]));
      const auto others = hn::IfThenElse(own, groups_[g].second[v], groups_[g].best[v]);
      hn::StoreU(slack_of(screen_, all_.length[v], all_.best[v], others), df, slacks + v * kFloats);
    }
    return *std::min_element(slacks, slacks + rows);
  }

 private:
  void rank(const int32_t* list, int count, TileRanking& r) {
    for (int i = 0; i < count; i += kListed) {
      const int some = std::min(kListed, count - i);
      if (ranked_ == 0)
        rank_some<true>(tile_, screen_, list + i, some, ahead_, r);
      else
        rank_some<false>(tile_, screen_, list + i, some, ahead_, r);
      ranked_ += some;
    }
  }

  const float* tile_;
  const Screen& screen_;
  int64_t ahead_;
  int64_t ranked_ = 0;
  TileRanking all_;
  TileRanking groups_[kDriftGroups];
};

#endif  // HWY_NATIVE_FMA
}  // namespace HWY_NAMESPACE
}  // namespace clientele
HWY_AFTER_NAMESPACE();
#endif
