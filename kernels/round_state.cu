#include <algorithm>
#include <cstring>

#include "clientele/compute/formulas.h"
#include "launch.h"
#include "round_state.h"
#include "uploaded_drift.h"

namespace clientele::gpu {

namespace {

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
__device__ void finish(const LoopView& loop, const SumsView& pass) {
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

/// A block a model.
__global__ void __launch_bounds__(kRowThreads) finish_rounds(const FinishedPass* passes) {
  const FinishedPass& own = passes[blockIdx.x];  // a copy of all its pointers would spill registers
  finish(own.loop, own.sums);
}

/// Gives out places in memory to come.
struct Places {
  int64_t bytes = 0;
  template <class T>
  int64_t take(int64_t count) {
    const int64_t place = bytes;
    bytes += (count * static_cast<int64_t>(sizeof(T)) + 15) / 16 * 16;
    return place;
  }
};

/// Writes an array to its place.
template <class T>
void put(std::vector<std::byte>& memory, int64_t place, const std::vector<T>& values) {
  std::memcpy(memory.data() + place, values.data(), values.size() * sizeof(T));
}

int64_t padded(int k) {
  return (int64_t{k} + kScreenGroup - 1) / kScreenGroup * kScreenGroup;
}

}  // namespace

RoundStates::RoundStates(const Device& device, std::span<const LoopState> states, std::span<const int64_t> most,
                         bool bounded)
    : device_(device), d_(states[0].centroids.d) {
  lay_out(states, most, bounded);
  send(states);
}

void RoundStates::lay_out(std::span<const LoopState> states, std::span<const int64_t> most, bool bounded) {
  Places places;
  int64_t passes = 0;
  scales_ = places.take<double>(d_);
  for (size_t m = 0; m < states.size(); ++m) {
    const int k = states[m].centroids.k;
    Part part{.k = k, .most = most[m]};
    part.values = places.take<float>(int64_t{k} * d_);
    part.grouped = places.take<float>(padded(k) * d_);
    part.bounds = places.take<ScreenBound>(padded(k));
    part.next = places.take<float>(int64_t{k} * d_);
    part.sums = places.take<Word>(2 * int64_t{k} * d_ + k);
    if (bounded) {
      part.drift = places.take<float>(2 * (int64_t{k} + 1));
      part.segment = places.take<double>(int64_t{k} + 1);
      part.moved = places.take<double>(k);
    }
    passes += most[m];
    parts_.push_back(part);
  }
  finished_ = places.take<FinishedPass>(passes);
  found_ = places.bytes;
  for (Part& part : parts_) part.made = places.take<Word>(2 + part.most * sums_words(part.k, d_));
  memory_ = Buffer<std::byte>(device_, places.bytes, "centroids, sums and drift of rounds");
}

void RoundStates::send(std::span<const LoopState> states) {
  std::vector<std::byte> host(static_cast<size_t>(found_));
  put(host, scales_, std::vector<double>(states[0].scales.begin(), states[0].scales.end()));
  for (size_t m = 0; m < parts_.size(); ++m) {
    const LoopState& state = states[m];
    const Part& part = parts_[m];
    const std::vector<ScreenBound> bounds = bounds_for_screen(state.centroids);
    put(host, part.values, std::vector<float>(state.centroids.data, state.centroids.data + int64_t{part.k} * d_));
    put(host, part.grouped, grouped_for_screen(state.centroids, bounds));
    put(host, part.bounds, bounds);
    std::vector<Word> words;
    for (const WideSum& sum : state.sums) words.push_back(static_cast<Word>(sum.high));
    for (const WideSum& sum : state.sums) words.push_back(static_cast<Word>(sum.low));
    for (const int64_t count : state.counts) words.push_back(static_cast<Word>(count));
    put(host, part.sums, words);
    if (part.drift < 0) continue;
    std::vector<double> segment = state.drift->segment;
    segment.push_back(state.drift->any);
    put(host, part.drift, drift_numbers(*state.drift));
    put(host, part.segment, segment);
  }
  std::vector<FinishedPass> passes;
  for (int64_t round = 0; round < rounds(); ++round)
    for (const size_t m : at_work(round)) passes.push_back(finished(parts_[m], round));
  put(host, finished_, passes);
  check(cudaMemsetAsync(at<std::byte>(found_), 0, static_cast<size_t>(memory_.size() - found_), device_.stream()),
        "filling memory");
  memory_.upload(host);
}

int64_t RoundStates::rounds() const {
  int64_t most = 0;
  for (const Part& part : parts_) most = std::max(most, part.most);
  return most;
}

std::vector<size_t> RoundStates::at_work(int64_t round) const {
  std::vector<size_t> working;
  for (size_t m = 0; m < parts_.size(); ++m)
    if (round < parts_[m].most) working.push_back(m);
  return working;
}

Word* RoundStates::sums_of(const Part& part, int64_t round) const {
  return at<Word>(part.made) + 2 + round * sums_words(part.k, d_);
}

PassModel RoundStates::model(size_t m, int64_t round) const {
  const Part& part = parts_[m];
  return {
      {at<float>(part.values), at<float>(part.grouped), at<ScreenBound>(part.bounds), part.k, d_, screen_growth(d_)},
      at<double>(scales_),
      part.drift < 0 ? DriftOnDevice{} : drift_view(at<float>(part.drift), part.k),
      sums_view(sums_of(part, round), part.k, d_),
      at<Word>(part.made) + 1};
}

FinishedPass RoundStates::finished(const Part& part, int64_t round) const {
  const int64_t cells = int64_t{part.k} * d_;
  Word* words = at<Word>(part.sums);
  Word* made = at<Word>(part.made);
  return {{words, words + cells, words + 2 * cells, at<float>(part.values), at<float>(part.grouped),
           at<ScreenBound>(part.bounds), at<float>(part.next), at<double>(scales_), at<double>(part.moved),
           at<double>(part.segment), at<float>(part.drift), made, made + 1, part.k, d_},
          sums_view(sums_of(part, round), part.k, d_)};
}

void RoundStates::finish(int64_t round) const {
  int64_t before = 0;
  for (int64_t earlier = 0; earlier < round; ++earlier) before += static_cast<int64_t>(at_work(earlier).size());
  const int64_t models = static_cast<int64_t>(at_work(round).size());
  launch(device_, "finishing a round", {models, 1, kRowThreads}, finish_rounds, at<FinishedPass>(finished_) + before);
}

std::vector<std::vector<PassResult>> RoundStates::results() const {
  std::vector<std::byte> found(static_cast<size_t>(memory_.size() - found_));
  memory_.download(found, found_);
  std::vector<std::vector<PassResult>> results;
  for (const Part& part : parts_) {
    const size_t each = static_cast<size_t>(sums_words(part.k, d_));
    std::vector<Word> words(2 + static_cast<size_t>(part.most) * each);
    std::memcpy(words.data(), found.data() + (part.made - found_), words.size() * sizeof(Word));
    results.emplace_back();
    for (size_t round = 0; round < words[0]; ++round)
      results.back().push_back(sums_result(std::span(words).subspan(2 + round * each, each), part.k, d_));
  }
  return results;
}

}  // namespace clientele::gpu
