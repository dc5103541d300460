// What the CPU's passes of a fit keep from one to the next: bounds or lists, and which pass comes next.
#pragma once

#include <memory>
#include <vector>

#include "bounds.h"
#include "candidates.h"
#include "row_order.h"

namespace clientele {

/// What all fits on a backend share.
struct CpuFits {
  int64_t orders = 0;                 ///< counts the orders of all fits: bounds name theirs
  std::vector<OrderScratch> scratch;  ///< one a worker, kept from pass to pass
};

/// What the passes of a fit keep from one to the next.
struct CpuFit final : FitMemory {
  explicit CpuFit(const CpuFits* backend) : fits(backend) {}
  const CpuFits* fits;  ///< whose orders are meant
  int64_t steps = -1;   ///< Drift::steps of the last pass
  int64_t order = 0;    ///< the order of the rows that the sums began with
  DriftSums sums;
  int64_t order_before = -1;  ///< of an ordering pass: the order and the sums that bounds were found for
  DriftSums sums_before;
  BoundsChoice choice{1};
  int64_t listable_rows = 0;  ///< of the last pass, if lists are possible: rows can be put in order
  CandidateDrift candidates;
  CandidateChoice list_choice{1, 1};
  bool had_lists = false;  ///< the last pass

  /// Whether this fit's passes have lists, which may take `allowed` bytes; otherwise bounds.
  bool lists(int k, int d, int64_t allowed) const {
    const int64_t bytes = candidates_bytes(listable_rows, k, d);
    return bytes > 0 && bytes <= allowed;
  }

  /// Whether bounds or lists of the last pass, whichever it had, hold for what follows it.
  bool goes_on(const Drift& drift, bool with_lists) {
    const bool same = had_lists == with_lists;
    had_lists = with_lists;
    return steps >= 0 && drift.steps == steps + 1 && same;
  }

  /// The pass that begins now, of a fit with lists. orders: counts the orders of all fits.
  ListPass next_listed(const Drift& drift, const CentroidsView& centroids, int64_t& orders) {
    if (!goes_on(drift, true)) list_choice = CandidateChoice(centroids.k, centroids.d);
    if (list_choice.listed()) candidates.add(centroids, drift.moved);
    const ListPass kind = list_choice.next(candidates);
    if (kind == ListPass::listing) {
      candidates.start(centroids, drift.moved, list_choice.horizon());
      order = ++orders;
    }
    steps = drift.steps;
    return kind;
  }

  /// The same of one with bounds.
  PassKind next(const Drift& drift, int k, int64_t& orders) {
    const bool known = goes_on(drift, false);
    if (!known) choice = BoundsChoice(k);
    const PassKind kind = choice.next(drift.moved);
    order_before = known ? order : -1;
    if (known) sums.add(drift.moved);
    if (!known || kind == PassKind::ordering) {
      sums_before = sums;
      sums.start(drift.moved);
      order = ++orders;
    }
    steps = drift.steps;
    return kind;
  }
};

/// Of the drift's fit on this backend; null for a pass that belongs to none.
inline CpuFit* fit_of(const Drift* drift, const CpuFits& fits) {
  if (drift == nullptr) return nullptr;
  const CpuFit* known = dynamic_cast<const CpuFit*>(drift->memory.get());
  if (known == nullptr || known->fits != &fits) drift->memory = std::make_unique<CpuFit>(&fits);
  return static_cast<CpuFit*>(drift->memory.get());
}

}  // namespace clientele
