// Full passes or bounded ones, decided from counters alone. A matter of time only: the results are the same.
#pragma once

#include <cstdint>
#include <memory>

#include "clientele/compute/backend.h"
#include "tuning.h"

namespace clientele::gpu {

class BoundsChoice : public FitMemory {
 public:
  /// For the pass that begins now. drift: of its fit, or null.
  bool bounded(const Drift* drift, int k) {
    if (drift == nullptr || k == 1) return false;
    if (drift->steps == 0) *this = BoundsChoice();  // a new fit
    return moving_ < kMostMoving && wait_ == 0;
  }

  /// Share of the rows that the last full pass moved; 1 before there was one.
  double moving() const { return moving_; }
  /// rows: of all blocks that the pass was given. renewed: some of them had no bounds yet, so that all were looked at.
  void record(bool bounded, bool renewed, int64_t rows, const PassResult& pass) {
    if (rows == 0) return;
    // The first of several bounded passes finds the bounds. A later one that has to find them again, because another
    // fit took a turn on the rows, has looked at too many like any other.
    const bool first = renewed && !has_bounds_;
    has_bounds_ = bounded;
    if (!bounded) {
      moving_ = static_cast<double>(pass.moved) / static_cast<double>(rows);
      if (wait_ > 0) --wait_;
    } else if (wait_ == 0 && !first &&  // waiting already: a round of a call in which one before was too much
               static_cast<double>(pass.scanned) > kMostActive * static_cast<double>(rows)) {
      wait_ = penalty_;
      penalty_ *= 2;
    }
  }

 private:
  double moving_ = 1;
  bool has_bounds_ = false;  ///< the last pass left them
  int wait_ = 0;             ///< full passes to come before bounds are tried again
  int penalty_ = kFirstWait;
};

/// That of a fit, which its drift keeps from pass to pass.
inline BoundsChoice& choice_of(const Drift& drift) {
  auto* choice = dynamic_cast<BoundsChoice*>(drift.memory.get());
  if (choice != nullptr) return *choice;
  auto made = std::make_unique<BoundsChoice>();
  choice = made.get();
  drift.memory = std::move(made);
  return *choice;
}

}  // namespace clientele::gpu
