#include "start_race.h"

#include <algorithm>

#include "clientele/cluster/across_ranks.h"
#include "lloyd.h"
#include "start_sample.h"

namespace clientele {

namespace {

constexpr int64_t kFinalistShare = 4;  // one in so many starts runs on the larger sample
constexpr double kHeatGain = 1e-3, kFinalGain = 3e-4;
constexpr int64_t kHeatIterations = 20, kFinalIterations = 50;

LloydSpec loop(const ClusterSpec& spec, double gain, int64_t iterations) {
  return {.stop = StopRule::inertia,
          .tolerance = gain,
          .max_iterations = iterations,
          .patience = 1,
          .spherical = algorithm_facts()[static_cast<size_t>(spec.algorithm)].unit_rows};
}

}  // namespace

StartRace::StartRace(RowBlocks& rows, int most_k, const ClusterSpec& spec, Env& env)
    : rows_(rows),
      most_k_(most_k),
      spec_(spec),
      env_(env),
      own_{.pool = env.pool, .backend = env.backend, .comm = *alone_, .progress = silent_, .warnings = {}} {
  if (!spec.raced() || rows.total_rows <= spec.heat_sample_rows(1)) return;
  drawn_ = draw_start_sample(rows, spec.start_sample_rows(most_k), static_cast<uint64_t>(spec.seed), env);
}

StartRace::Sample& StartRace::sample(int64_t count) {
  const auto found = samples_.find(count);
  if (found != samples_.end()) return found->second;
  Sample sample{.rows = sample_blocks(drawn_, count, rows_, own_), .squares = {}};
  sample.squares = square_sums(sample.rows, own_);
  return samples_.emplace(count, std::move(sample)).first->second;
}

void StartRace::keep_samples(std::initializer_list<int64_t> counts) {
  std::erase_if(samples_, [&](const auto& sample) { return std::ranges::find(counts, sample.first) == counts.end(); });
}

void StartRace::keep_starts(int k) {
  std::erase_if(longest_starts_, [&](const auto& start) { return start.first.first < k; });
}

int StartRace::longest(RowBlocks& rows, int k) {
  int last = k;
  while (last < most_k_ && seeding_trials(last + 1) == seeding_trials(k) &&
         spec_.heat_sample_rows(last + 1) == spec_.heat_sample_rows(k))
    ++last;
  return count_distinct_rows(rows, last, own_) < last ? k : last;
}

std::vector<float> StartRace::start(RowBlocks& rows, int k, uint32_t restart) {
  if (spec_.init == "random") return drawn_start(rows, k, spec_, restart, own_);
  const int last = longest(rows, k);
  std::vector<float>& drawn = longest_starts_[{last, restart}];
  if (drawn.empty()) drawn = drawn_start(rows, last, spec_, restart, own_);
  return {drawn.begin(), drawn.begin() + int64_t{k} * rows.d};
}

std::vector<FitStart> StartRace::heat(Sample& sample, int k) {
  RowBlocks& rows = sample.rows;
  const LloydSpec rounds = loop(spec_, kHeatGain, kHeatIterations);
  std::vector<std::pair<double, FitStart>> ran;
  for (int64_t first = 0; first < spec_.restarts; first += kStartsTogether) {
    std::vector<std::vector<float>> starts;
    for (int64_t restart = first; restart < std::min(first + kStartsTogether, spec_.restarts); ++restart)
      starts.push_back(start(rows, k, static_cast<uint32_t>(restart)));
    for (Clustering& one : lloyd_together(rows, sample.squares, std::move(starts), rounds, own_)) {
      const int restart = static_cast<int>(ran.size());
      ran.push_back({one.inertia, {.k = k, .centroids = std::move(one.centroids), .restart = restart}});
      env_.progress.advance(1);
    }
  }
  std::stable_sort(ran.begin(), ran.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  ran.resize((ran.size() + kFinalistShare - 1) / kFinalistShare);
  std::vector<FitStart> finalists;
  for (auto& [inertia, start] : ran) finalists.push_back(std::move(start));
  return finalists;
}

FitStart StartRace::best(int k) {
  FitStart best{.k = k};
  if (drawn_.row.empty() || rows_.total_rows <= spec_.heat_sample_rows(k)) return best;
  keep_starts(k);
  keep_samples({spec_.heat_sample_rows(k), spec_.start_sample_rows(k)});
  Sample& first = sample(spec_.heat_sample_rows(k));
  if (count_distinct_rows(first.rows, k, own_) < k) return best;
  env_.progress.stage("starts, k = " + std::to_string(k), spec_.restarts, "starts");
  std::vector<FitStart> finalists = heat(first, k);
  Sample& second = sample(spec_.start_sample_rows(k));
  RowBlocks& rows = second.rows;
  const LloydSpec rounds = loop(spec_, kFinalGain, kFinalIterations);
  std::vector<std::vector<float>> starts;
  for (FitStart& start : finalists) starts.push_back(std::move(start.centroids));
  std::vector<Clustering> ran = lloyd_together(rows, second.squares, std::move(starts), rounds, own_);
  double least = 0;
  for (size_t i = 0; i < ran.size(); ++i) {
    Clustering& one = ran[i];
    const FitStart& start = finalists[i];
    if (best.rows > 0 && (one.inertia > least || (one.inertia == least && start.restart > best.restart))) continue;
    least = one.inertia;
    best = {.k = k, .centroids = std::move(one.centroids), .restart = start.restart, .rows = rows.rows};
  }
  return best;
}

}  // namespace clientele
