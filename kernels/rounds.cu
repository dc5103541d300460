#include "clientele/compute/formulas.h"
#include "fused.h"
#include "launch.h"
#include "rounds.h"
#include "tensor.h"
#include "uploaded_drift.h"

namespace clientele::gpu {

namespace {

/// What lasts from round to round. Device memory.
struct LoopView {
  Word* high;            ///< k x d: WideSum::high of all labels
  Word* low;             ///< k x d
  Word* counts;          ///< k
  float* values;         ///< see CentroidsOnDevice
  float* grouped;        ///< the same
  ScreenBound* bounds;   ///< the same
  float* next;           ///< k x d
  const double* scales;  ///< d
  double* moved;         ///< Drift::moved, k; null where no bounds are kept
  double* segment;       ///< Drift::segment and ::any, k + 1
  float* drift;          ///< UploadedDrift::numbers
  Word* made;            ///< 1: rounds
  Word* ended;           ///< 1
  int k, d;
};

/// Adds what the pass has changed. Returns, to all threads of the block, whether another round has anything to do.
__device__ bool add_deltas(const LoopView& loop, const SumsView& pass) {
  static __shared__ int changed, empty;
  if (threadIdx.x == 0) changed = empty = 0;
  __syncthreads();
  for (int i = static_cast<int>(threadIdx.x); i < loop.k * loop.d; i += static_cast<int>(blockDim.x)) {
    const WideSum delta{static_cast<int64_t>(pass.high[i]), static_cast<int64_t>(pass.low[i])};
    if (delta.value() != 0) atomicMax(&changed, 1);
    loop.high[i] += pass.high[i];
    loop.low[i] += pass.low[i];
  }
  for (int c = static_cast<int>(threadIdx.x); c < loop.k; c += static_cast<int>(blockDim.x)) {
    if (pass.counts[c] != 0) atomicMax(&changed, 1);
    loop.counts[c] += pass.counts[c];
    if (loop.counts[c] == 0) atomicMax(&empty, 1);
  }
  __syncthreads();
  return changed != 0 && empty == 0;
}

/// values and what the screen needs of them become next; moved: how far.
__device__ void move_centroids(const LoopView& loop) {
  const int d = loop.d;
  for (int c = static_cast<int>(threadIdx.x); c < loop.k; c += static_cast<int>(blockDim.x)) {
    const float* to = loop.next + c * d;
    if (loop.moved != nullptr) loop.moved[c] = centroid_movement(loop.values + c * d, to, d);
    double norm2 = 0;
    for (int j = 0; j < d; ++j) norm2 = norm_step(norm2, to[j]);
    loop.bounds[c] = screen_bound(norm2, d);
  }
  __syncthreads();
  for (int i = static_cast<int>(threadIdx.x); i < loop.k * d; i += static_cast<int>(blockDim.x)) {
    const int c = i / d;
    loop.values[i] = loop.next[i];
    // The lower bound of a centroid that is never certified must stay -inf, whatever its coordinates.
    loop.grouped[grouped_index(c, i % d, d)] = std::isinf(loop.bounds[c].bias) ? 0.0f : -loop.next[i];
  }
}

/// Drift::add, with moved found.
__device__ void add_drift(const LoopView& loop) {
  static __shared__ LargestMovements all;
  const int k = loop.k;
  if (threadIdx.x == 0) {
    all = largest_movements(loop.moved, k);
    const double any = any_after(loop.segment[k], all);
    loop.segment[k] = any;
    loop.drift[2 * k] = float_up(any);
    loop.drift[2 * k + 1] = float_down(any);
  }
  __syncthreads();
  for (int c = static_cast<int>(threadIdx.x); c < k; c += static_cast<int>(blockDim.x)) {
    const double segment = segment_after(loop.segment[c], loop.moved[c], c, all);
    loop.segment[c] = segment;
    loop.drift[c] = float_up(segment);
    loop.drift[k + c] = float_down(segment);
  }
}

/// What the host does between two passes (src/cluster/lloyd.cpp, drift.cpp, screen_layout.cu), by one block.
__global__ void __launch_bounds__(kRowThreads) finish_round(LoopView loop, SumsView pass) {
  if (*loop.ended != 0) return;
  const bool goes_on = add_deltas(loop, pass);  // every thread has read the flag
  if (threadIdx.x == 0) {
    ++*loop.made;
    *loop.ended = goes_on ? 0 : 1;
  }
  if (!goes_on) return;
  for (int i = static_cast<int>(threadIdx.x); i < loop.k * loop.d; i += static_cast<int>(blockDim.x)) {
    const WideSum sum{static_cast<int64_t>(loop.high[i]), static_cast<int64_t>(loop.low[i])};
    loop.next[i] = centroid_value(sum, loop.scales[i % loop.d], static_cast<int64_t>(loop.counts[i / loop.d]));
  }
  __syncthreads();
  move_centroids(loop);
  if (loop.moved != nullptr) add_drift(loop);
}

/// The loop's memory.
class Rounds {
 public:
  Rounds(const Device& device, const LoopState& state, int64_t most, bool bounded)
      : device_(device),
        centroids_(device, state.centroids),
        sums_(device, state.centroids.k, state.centroids.d, state.scales, most),
        next_(device, int64_t{state.centroids.k} * state.centroids.d, "centroids of the next round") {
    std::vector<Word> words;
    for (const WideSum& sum : state.sums) words.push_back(static_cast<Word>(sum.high));
    for (const WideSum& sum : state.sums) words.push_back(static_cast<Word>(sum.low));
    for (const int64_t count : state.counts) words.push_back(static_cast<Word>(count));
    words.insert(words.end(), {0, 0});  // made, ended
    words_ = uploaded<Word>(device, words, "state of the rounds");
    if (!bounded) return;
    drift_.emplace(device, *state.drift);
    std::vector<double> sums_of_drift = state.drift->segment;
    sums_of_drift.push_back(state.drift->any);
    segment_ = uploaded<double>(device, sums_of_drift, "drift of the centroids");
    moved_ = Buffer<double>(device, state.centroids.k, "movements of the centroids");
  }

  PassModel model(int64_t round) const {
    return {centroids_.view(), sums_.scales(), drift_ ? drift_->view() : DriftOnDevice{}, sums_.view(round),
            words_.data() + words_.size() - 1};
  }
  void finish(int64_t round) const {
    launch(device_, "finishing a round", {1, 1, kRowThreads}, finish_round, view(), sums_.view(round));
  }
  /// Waits for the device.
  std::vector<PassResult> results() const {
    Word made = 0;
    words_.download({&made, 1}, words_.size() - 2);
    return sums_.results(static_cast<int64_t>(made));
  }

 private:
  LoopView view() const {
    const int64_t cells = next_.size();
    Word* words = words_.data();
    return {words,
            words + cells,
            words + 2 * cells,
            centroids_.values(),
            centroids_.grouped(),
            centroids_.bounds(),
            next_.data(),
            sums_.scales(),
            moved_.data(),
            segment_.data(),
            drift_ ? drift_->numbers() : nullptr,
            words + words_.size() - 2,
            words + words_.size() - 1,
            centroids_.k(),
            centroids_.d()};
  }

  const Device& device_;
  ScreenedCentroids centroids_;
  MovedSums sums_;
  Buffer<float> next_;
  Buffer<Word> words_;                  // high, low, counts, made, ended
  std::optional<UploadedDrift> drift_;  // of bounded passes, as are the two below
  Buffer<double> segment_, moved_;
};

/// How the host has sent off one pass.
struct Sent {
  int64_t whole_rows = 0;  ///< of blocks that are labelled whole
  bool renewed = false;    ///< they had no bounds yet
};

Sent send_pass(const FusedPass& pass, const PassModel& model, std::span<CudaRows* const> blocks) {
  Sent sent;
  for (CudaRows* rows : blocks) {
    if (pass.label(*rows, model) == FusedPass::Looked::at_expired_rows) continue;
    sent.whole_rows += rows->rows();
    sent.renewed = model.drift.up != nullptr;
  }
  return sent;
}

}  // namespace

std::vector<PassResult> label_in_rounds(const Device& device, const Paths& paths, BoundsChoice& choice,
                                        std::span<const std::unique_ptr<RowBlock>> blocks, const LoopState& state,
                                        int64_t most) {
  device.use();
  const int k = state.centroids.k, d = state.centroids.d;
  if (!paths.fused || (k >= paths.tensor_from && tensor_takes(d))) return {};
  const FusedPass fused(device, k, d);
  std::vector<CudaRows*> mine;
  int64_t rows = 0;
  for (const auto& block : blocks) {
    if (block->rows() == 0) continue;
    mine.push_back(&own(*block, device));
    if (mine.back()->paged() || !fused.takes(*mine.back())) return {};
    rows += block->rows();
  }
  if (mine.empty()) return {};

  const bool bounded = paths.bounds && choice.bounded(state.drift, k);
  most = std::min(most, kRoundsAtOnce);
  const Rounds rounds(device, state, most, bounded);
  std::vector<Sent> sent;
  for (int64_t round = 0; round < most; ++round) {
    sent.push_back(send_pass(fused, rounds.model(round), mine));
    rounds.finish(round);
  }
  std::vector<PassResult> results = rounds.results();
  for (size_t i = 0; i < results.size(); ++i) {
    results[i].scanned += sent[i].whole_rows;
    choice.record(bounded, sent[i].renewed, rows, results[i]);
  }
  return results;
}

}  // namespace clientele::gpu
