#include "bounds.h"

#include "clientele/compute/formulas.h"

namespace clientele {
namespace {

/// With more rows moving than this most bounds would expire at once.
constexpr double kMostMoving = 0.10;
constexpr int kFirstWait = 4;

}  // namespace

DriftTable::DriftTable(const Drift& drift) : any_up_(float_up(drift.any)), any_down_(float_down(drift.any)) {
  for (const double segment : drift.segment) {
    up_.push_back(float_up(segment));
    down_.push_back(float_down(segment));
  }
}

bool BoundsChoice::bounded(const Drift* drift, int k) {
  if (drift == nullptr || k == 1) return false;
  if (drift->steps == 0) {  // a new fit
    moved_share_ = 1;
    full_seconds_ = 0;
    wait_ = 0;
    penalty_ = kFirstWait;
  }
  return moved_share_ < kMostMoving && wait_ == 0;
}

void BoundsChoice::record(bool bounded, bool renewed, double seconds, const PassResult& pass) {
  if (!bounded) {
    moved_share_ = static_cast<double>(pass.moved) / static_cast<double>(pass.scanned + 1);
    full_seconds_ = seconds;
    if (wait_ > 0) --wait_;
    return;
  }
  if (renewed || seconds <= full_seconds_) return;  // the first bounded pass finds all bounds: it says nothing
  wait_ = penalty_;
  penalty_ *= 2;
}

}  // namespace clientele
