// One tile of a pass with lists (candidates.h): what to compare it with, and what becomes of its list.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "cpu_rows.h"
#include "kernels.h"

namespace clientele {

/// The `count` members of a tile's list, with room for whole eights, and how far each centroid has moved since the tile
/// was looked at.
struct ListMembers {
  uint16_t* ids;
  float* slacks;
  int count;
  const float* moved;  ///< k
};

struct WantedCentroids;

/// The loops over a tile's list, in plain C++.
struct PlainListLoops {
  /// Adds the members whose slack is used up by `own` and their own movement, and those among labels; whether there are
  /// any of the former. Fills wanted.left.
  static bool find_ended(const ListMembers& list, float own, const uint16_t (&labels)[TileCandidates::kLabels],
                         WantedCentroids& wanted);
  /// The least slack of each group's members.
  static void find_least(const ListMembers& list, float (&least)[TileCandidates::kGroups]);
};

/// Centroids that a tile is to be compared with: members[0, listed) by their places in its list, and new extras.
struct WantedCentroids {
  explicit WantedCentroids(const CandidatesView& lists)
      : ids(static_cast<size_t>(lists.most + lists.extra_count)),
        places(ids.size()),
        slacks(ids.size() + kTileRows),
        left(static_cast<size_t>(lists.most)) {}
  void add(uint16_t id, int place) {
    ids[static_cast<size_t>(count)] = id;
    places[static_cast<size_t>(count++)] = static_cast<uint16_t>(place);
  }
  int count = 0;
  std::vector<uint16_t> ids, places;
  std::vector<float> slacks;  ///< what was found
  std::vector<float> left;    ///< what is left of the slacks of all members
};

/// One tile of a listed pass: which centroids it has to be compared with, and what becomes of its list. Lists are
/// padded to whole eights, so that loops may run over their ends. Loops: see PlainListLoops. labels: the tile's `rows`
/// ones.
template <class Loops>
class ListedTile {
 public:
  ListedTile(const CandidatesView& lists, int64_t tile)
      : lists_(lists),
        head_(lists.tiles[tile]),
        ids_(lists.ids + tile * lists.most),
        slacks_(lists.slacks + tile * lists.most) {}

  /// Asks for what find_wanted reads.
  void prefetch() const {
    for (int i = 0; i < head_.count; i += 32) __builtin_prefetch(ids_ + i);
    for (int i = 0; i < head_.count; i += 16) __builtin_prefetch(slacks_ + i);
  }
  bool unlisted() const { return head_.count == 0; }
  void drop() { head_.count = 0; }
  /// Certainly no row leaves its label.
  bool rests() const {
    if (unlisted() || head_.seen != lists_.extra_count) return false;
    const float* moved = lists_.group_moved + head_.round * TileCandidates::kGroups;
    const bool unknown = head_.labels[0] == TileCandidates::kNone;
    const float own = own_moved(unknown ? *std::max_element(moved, moved + TileCandidates::kGroups) : 0);
    bool rests = true;
    for (int g = 0; g < TileCandidates::kGroups; ++g) rests = rests && (own + moved[g]) * kMore < head_.least[g];
    return rests;
  }

  /// Finds what to compare the tile with, its own labels with the rest; nothing (count 0) if nothing ended. Drops a
  /// list that no longer says anything about the others.
  void find_wanted(const int32_t* labels, int rows, WantedCentroids& wanted) {
    wanted.count = 0;
    if (!anchors_hold()) return drop();
    float most = 0;
    if (head_.labels[0] == TileCandidates::kNone)
      for (int i = 0; i < rows; ++i) most = std::max(most, members().moved[labels[i]]);
    bool ended = Loops::find_ended(members(), own_moved(most), head_.labels, wanted);
    for (int i = head_.seen, place = head_.count; i < lists_.extra_count; ++i) {
      if (place_of(lists_.extras[i]) < head_.count) continue;
      wanted.add(lists_.extras[i], place++);
      ended = true;
    }
    if (!ended) {
      wanted.count = 0;
      head_.seen = static_cast<uint16_t>(lists_.extra_count);
    } else if (head_.labels[0] == TileCandidates::kNone) {
      add_labels(labels, rows, wanted);
    }
  }

  /// After that: wanted.slacks against the labels of now (0 where none is certain). relabelled: some row has another.
  void renew(const WantedCentroids& wanted, const int32_t* labels, int rows, bool relabelled) {
    int count = head_.count;
    std::copy_n(wanted.left.begin(), (count + 7) / 8 * 8, slacks_);
    for (int i = 0; i < wanted.count; ++i) {
      const int place = wanted.places[static_cast<size_t>(i)];
      if (place >= lists_.most) return drop();
      if (place >= count) pad(count = place + 1);
      ids_[place] = member(wanted.ids[static_cast<size_t>(i)]);
      slacks_[place] = wanted.slacks[static_cast<size_t>(i)];
    }
    head_.count = static_cast<uint16_t>(count);
    finish(labels, rows, relabelled);
  }
  /// Whether every row's label is a member: the bounds hold for no other.
  bool has(const int32_t* labels, int rows) const {
    return std::all_of(labels, labels + rows,
                       [&](int32_t label) { return place_of(static_cast<uint16_t>(label)) < head_.count; });
  }

  /// A new list; all other centroids are farther than both allowances together.
  void start(const int32_t* labels, int rows, const uint16_t* ids, const float* slacks, int count) {
    head_.count = static_cast<uint16_t>(count);
    if (count == 0) return;
    for (int i = 0; i < kTileRows; ++i) head_.anchors[i] = static_cast<uint16_t>(labels[std::min(i, rows - 1)]);
    std::transform(ids, ids + count, ids_, [&](uint16_t c) { return member(c); });
    std::copy_n(slacks, count, slacks_);
    pad(count);
    finish(labels, rows, true);
  }

 private:
  ListMembers members() const { return {ids_, slacks_, head_.count, lists_.moved + int64_t{head_.round} * lists_.k}; }
  uint16_t member(uint16_t c) const {
    return static_cast<uint16_t>(c | lists_.group_of[c] << TileCandidates::kCentroidBits);
  }
  int place_of(uint16_t c) const { return static_cast<int>(std::find(ids_, ids_ + head_.count, member(c)) - ids_); }

  /// At least how far the centroid of any of the rows has moved since the tile was looked at; `most` where its head
  /// does not say which they are.
  float own_moved(float most) const {
    const float* moved = members().moved;
    for (int i = 0; i < TileCandidates::kLabels && head_.labels[i] != TileCandidates::kNone; ++i)
      most = std::max(most, moved[head_.labels[i]]);
    return most;
  }

  bool anchors_hold() const {
    for (int i = head_.seen; i < lists_.extra_count; ++i)
      if (std::find(head_.anchors, head_.anchors + kTileRows, lists_.extras[i]) != head_.anchors + kTileRows)
        return false;
    return true;
  }

  /// Of a tile with more labels than its head has room for.
  void add_labels(const int32_t* labels, int rows, WantedCentroids& wanted) const {
    for (int i = 0; i < rows; ++i) {
      const uint16_t label = static_cast<uint16_t>(labels[i]);
      const auto end = wanted.ids.begin() + wanted.count;
      if (std::find(wanted.ids.begin(), end, label) == end) wanted.add(label, place_of(label));
    }
  }

  void pad(int count) {
    for (int i = count; i % 8 != 0; ++i) {
      ids_[i] = 0;
      slacks_[i] = HUGE_VALF;
    }
  }

  void finish(const int32_t* labels, int rows, bool relabelled) {
    head_.round = static_cast<uint16_t>(lists_.round);
    head_.seen = static_cast<uint16_t>(lists_.extra_count);
    Loops::find_least(members(), head_.least);
    if (relabelled) set_labels(labels, rows);
  }

  void set_labels(const int32_t* labels, int rows) {
    int count = 0;
    uint16_t* const end = head_.labels + TileCandidates::kLabels;
    std::fill(head_.labels, end, TileCandidates::kNone);
    for (int i = 0; i < rows; ++i) {
      const uint16_t label = static_cast<uint16_t>(labels[i]);
      if (std::find(head_.labels, head_.labels + count, label) != head_.labels + count) continue;
      if (count == TileCandidates::kLabels) {
        head_.labels[0] = TileCandidates::kNone;
        return;
      }
      head_.labels[count++] = label;
    }
  }

  const CandidatesView& lists_;
  TileCandidates& head_;
  uint16_t* const ids_;
  float* const slacks_;
};

}  // namespace clientele
