#include "stability.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <utility>

#include "clientele/cluster/across_ranks.h"
#include "clientele/compute/backends.h"

namespace clientele {

namespace {

/// Fewer rows than these show nothing.
constexpr int64_t kFewestRows = 10;
constexpr uint32_t kFreshStarts = 2;
constexpr double kClearlyBetter = 0.95;

/// One worker's place to cluster in: a processor of its own, the sample as a block, rows without a rank.
struct Bench {
  explicit Bench(const RowSample& sample)
      : pool(1),
        backend(make_cpu_backend(pool)),
        comm(make_single_comm()),
        env{.pool = pool, .backend = *backend, .comm = *comm, .progress = progress, .block_rows = 0, .warnings = {}},
        rows(make_sample_blocks(sample, env)) {}

  std::vector<int32_t> labels() {
    std::vector<int32_t> out(static_cast<size_t>(rows.rows));
    backend->assign_ops().copy_labels(*rows.blocks[0], out);
    return out;
  }

  /// Of the nearest centroids.
  std::vector<int32_t> labels_by(const std::vector<float>& centroids, int k) {
    backend->assign_ops().clear_labels(*rows.blocks[0]);
    const auto pass = backend->assign_ops().start({centroids.data(), k, rows.d}, rows.scales);
    pass->add(*rows.blocks[0]);
    pass->finish();
    return labels();
  }

  ThreadPool pool;
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Comm> comm;
  SilentProgress progress;
  Env env;
  RowBlocks rows;
};

/// What the fits to one resample share whose seeding tries as many candidates a step: of two k the smaller one's start
/// is the beginning of the larger one's.
struct SharedStart {
  uint32_t resample = 0;
  int k = 0;                                   ///< the largest
  std::vector<Int128> squares = {};            ///< Q_j of the resample
  std::vector<std::vector<float>> fresh = {};  ///< kFreshStarts of k x d; none where there are too few distinct rows
};

/// A resample, clustered with as many segments as one of the clusterings.
struct Task {
  size_t clustering = 0;
  size_t start = 0;  ///< number of its SharedStart
};

struct Tasks {
  std::vector<Task> all;  ///< the longest first
  std::vector<SharedStart> starts;

  Tasks(const std::vector<const Clustering*>& clusterings, int64_t resamples) {
    std::map<std::pair<int, uint32_t>, size_t> known;  // by candidates a step
    for (size_t i = clusterings.size(); i-- > 0;) {
      const int k = clusterings[i]->k;
      for (uint32_t b = 0; k > 1 && b < static_cast<uint32_t>(resamples); ++b) {
        const auto [start, fresh] = known.try_emplace({seeding_trials(k), b}, starts.size());
        if (fresh) starts.push_back({.resample = b});
        starts[start->second].k = std::max(starts[start->second].k, k);
        all.push_back({i, start->second});
      }
    }
  }
};

class Resampling {
 public:
  Resampling(const RowSample& sample, const ClusterSpec& cluster, double least_share)
      : sample_(sample),
        seed_(static_cast<uint64_t>(cluster.seed)),
        least_share_(least_share),
        loop_{.stop = StopRule::moved,
              .tolerance = 1e-3,
              .max_iterations = 100,
              .spherical = algorithm_facts()[static_cast<size_t>(cluster.algorithm)].unit_rows} {}

  void find(SharedStart& start, Bench& bench) const {
    bench.backend->sample_ops().set_weights(*bench.rows.blocks[0], draw(start.resample));
    start.squares = square_sums(bench.rows, bench.env);
    start.fresh = fresh_starts(start.k, start.resample, bench);
  }

  /// Similarity of each segment to the one most like it; NaN for one without rows in the resample.
  std::vector<double> similarity(const Clustering& clustering, const SharedStart& start, Bench& bench) const {
    const std::vector<int32_t> own = bench.labels_by(clustering.centroids, clustering.k);
    const std::vector<int64_t> weights = draw(start.resample);
    bench.backend->sample_ops().set_weights(*bench.rows.blocks[0], weights);
    // Each row that was drawn counts once, however often it was.
    std::vector<int64_t> known = sample_.weight;
    for (size_t i = 0; i < known.size(); ++i)
      if (weights[i] == 0) known[i] = 0;
    return segment_similarity(own, refit(clustering, start, bench), known, clustering.k);
  }

 private:
  std::vector<int64_t> draw(uint32_t resample) const {
    std::vector<int64_t> weights = sample_.weight;
    for (size_t i = 0; i < weights.size(); ++i) weights[i] *= copies_of(seed_, resample, sample_.row[i]);
    return weights;
  }

  std::vector<std::vector<float>> fresh_starts(int k, uint32_t resample, Bench& bench) const {
    std::vector<std::vector<float>> out;
    if (count_distinct_rows(bench.rows, k, bench.env) < k) return out;
    const RandomKey key{seed_, Purpose::bootstrap, resample, 1, static_cast<uint32_t>(seeding_trials(k))};
    for (uint32_t start = 0; start < kFreshStarts; ++start)
      out.push_back(seed_kmeans_plus_plus(bench.rows, k, random_bits(key, 0), start, bench.env));
    return out;
  }

  /// Labels of the fit to the resample that counts.
  std::vector<int32_t> refit(const Clustering& clustering, const SharedStart& start, Bench& bench) const {
    const int k = clustering.k;
    std::vector<int32_t> held;
    FitRank rank;
    const auto take = [&](std::vector<float> centroids, double share) {
      const Clustering fitted = lloyd(bench.rows, start.squares, std::move(centroids), loop_, bench.env);
      const FitRank next{.large_enough = large_enough(fitted), .inertia = fitted.inertia};
      if (!held.empty() && !counts_more(next, rank, share)) return;
      held = bench.labels();
      rank = next;
    };
    const auto fresh = start.fresh.empty() ? fresh_starts(k, start.resample, bench) : start.fresh;
    for (const std::vector<float>& longest : fresh)
      take({longest.begin(), longest.begin() + int64_t{k} * clustering.d}, 1);
    take(clustering.centroids, kClearlyBetter);
    return held;
  }

  /// By the weight of the resample, as cluster.min_size.
  bool large_enough(const Clustering& fitted) const {
    const int64_t all = std::accumulate(fitted.counts.begin(), fitted.counts.end(), int64_t{0});
    const int64_t smallest = *std::min_element(fitted.counts.begin(), fitted.counts.end());
    return static_cast<double>(smallest) >= least_share_ / 2 * static_cast<double>(all);
  }

  const RowSample& sample_;
  uint64_t seed_;
  double least_share_;
  LloydSpec loop_;
};

/// Mean over the resamples in order. A segment that a resample has no row of is lost in it, unless the sample has too
/// few to tell.
std::vector<double> mean_similarity(const std::vector<std::vector<double>>& resamples,
                                    const std::vector<int32_t>& labels, int k) {
  std::vector<double> out;
  for (int c = 0; c < k; ++c) {
    double sum = 0;
    for (const std::vector<double>& each : resamples) {
      const double value = each[static_cast<size_t>(c)];
      sum += value == value ? value : 0;
    }
    out.push_back(std::count(labels.begin(), labels.end(), c) < kFewestRows
                      ? std::numeric_limits<double>::quiet_NaN()
                      : sum / static_cast<double>(resamples.size()));
  }
  return out;
}

}  // namespace

bool counts_more(const FitRank& fit, const FitRank& held, double share) {
  if (fit.large_enough != held.large_enough) return fit.large_enough;
  return fit.inertia < share * held.inertia;
}

std::vector<double> segment_similarity(std::span<const int32_t> own, std::span<const int32_t> other,
                                       std::span<const int64_t> weights, int k) {
  struct Overlap {
    int32_t own, other;
    int64_t weight;
  };
  const size_t size = static_cast<size_t>(k);
  std::vector<Overlap> both;  // of each row; k x k sums would be mostly 0
  std::vector<int64_t> first(size), second(size);
  for (size_t i = 0; i < own.size(); ++i) {
    if (weights[i] == 0) continue;
    both.push_back({own[i], other[i], weights[i]});
    first[static_cast<size_t>(own[i])] += weights[i];
    second[static_cast<size_t>(other[i])] += weights[i];
  }
  std::sort(both.begin(), both.end(),
            [](const Overlap& x, const Overlap& y) { return std::pair(x.own, x.other) < std::pair(y.own, y.other); });
  std::vector<double> out(size, std::numeric_limits<double>::quiet_NaN());
  for (size_t c = 0; c < size; ++c)
    if (first[c] > 0) out[c] = 0;
  for (size_t i = 0; i < both.size();) {
    const size_t a = static_cast<size_t>(both[i].own), b = static_cast<size_t>(both[i].other);
    int64_t common = 0;
    for (const Overlap& same = both[i]; i < both.size() && both[i].own == same.own && both[i].other == same.other; ++i)
      common += both[i].weight;
    out[a] = std::max(out[a], static_cast<double>(common) / static_cast<double>(first[a] + second[b] - common));
  }
  return out;
}

int64_t copies_of(uint64_t seed, uint32_t resample, int64_t row) {
  // P(copies <= i) for i of 0 to 7.
  static constexpr double kAtMost[] = {0.36787944117144233, 0.73575888234288464, 0.91969860292860584,
                                       0.98101184312384626, 0.99634015317265634, 0.99940581518241833,
                                       0.99991675885071198, 0.99998975080332540};
  const double u = random_unit({seed, Purpose::bootstrap, resample, 0, 0}, row);
  return std::upper_bound(std::begin(kAtMost), std::end(kAtMost), u) - std::begin(kAtMost);
}

std::vector<Stability> segment_stability(const RowSample& sample, const std::vector<const Clustering*>& clusterings,
                                         const ClusterSpec& cluster, double least_share, const JudgeSpec& spec,
                                         Env& env) {
  Tasks tasks(clusterings, spec.resamples);
  std::vector<std::vector<std::vector<double>>> found(clusterings.size());
  for (auto& each : found) each.resize(static_cast<size_t>(spec.resamples));

  const Resampling resampling(sample, cluster, least_share);
  std::vector<std::unique_ptr<Bench>> benches(static_cast<size_t>(env.pool.threads()));
  const auto on_benches = [&](size_t count, const auto& body) {
    env.pool.parallel_for(static_cast<int64_t>(count), [&](int64_t index, int worker) {
      std::unique_ptr<Bench>& bench = benches[static_cast<size_t>(worker)];
      if (!bench) bench = std::make_unique<Bench>(sample);
      body(static_cast<size_t>(index), *bench);
    });
  };
  on_benches(tasks.starts.size(), [&](size_t i, Bench& bench) { resampling.find(tasks.starts[i], bench); });
  on_benches(tasks.all.size(), [&](size_t i, Bench& bench) {
    const size_t of = tasks.all[i].clustering;
    const SharedStart& start = tasks.starts[tasks.all[i].start];
    found[of][start.resample] = resampling.similarity(*clusterings[of], start, bench);
    env.progress.advance(1);
  });

  Bench bench(sample);
  std::vector<Stability> out;
  for (size_t i = 0; i < clusterings.size(); ++i) {
    const int k = clusterings[i]->k;
    Stability each{.k = k, .rows = sample.rows(), .resamples = spec.resamples, .jaccard = {1.0}};
    if (k > 1) each.jaccard = mean_similarity(found[i], bench.labels_by(clusterings[i]->centroids, k), k);
    out.push_back(std::move(each));
  }
  return out;
}

}  // namespace clientele
