#include "bench/support/watched_backend.h"

#include <utility>

namespace clientele::bench {
namespace {

class Pass final : public AssignPass {
 public:
  Pass(std::unique_ptr<AssignPass> beneath, Instant begin, std::vector<WatchedPass>& log)
      : beneath_(std::move(beneath)), begin_(begin), log_(log) {}
  void add(RowBlock& rows) override { beneath_->add(rows); }
  PassResult finish() override {
    PassResult result = beneath_->finish();
    log_.push_back({begin_, std::chrono::steady_clock::now(), result.moved, result.scanned, result.rechecked});
    return result;
  }

 private:
  std::unique_ptr<AssignPass> beneath_;
  Instant begin_;
  std::vector<WatchedPass>& log_;
};

}  // namespace

double milliseconds(Instant from, Instant to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

std::unique_ptr<AssignPass> WatchedBackend::start(const CentroidsView& centroids, std::span<const double> scales,
                                                  const Drift* drift) {
  const Instant begin = std::chrono::steady_clock::now();
  return std::make_unique<Pass>(ops().start(centroids, scales, dense_ ? nullptr : drift), begin, passes_);
}

void WatchedBackend::clear_labels(RowBlock& rows) {
  cleared_ = std::chrono::steady_clock::now();
  passes_.clear();
  ops().clear_labels(rows);
}

void RoundClock::advance(int64_t) {
  rounds.push_back(std::chrono::steady_clock::now());
}

}  // namespace clientele::bench
