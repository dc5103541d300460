// Starts on resident rows, piece by piece: the race on the sample, the far rows of the first full pass, and what five
// full rounds make of the start. What scripts/bench_kmeans.py compares with scikit-learn's k-means++.
//   seeding_bench MATRIX ROWS COLUMNS K [RESTARTS [SEED [THREADS [CENTROIDS]]]]
// MATRIX: raw little-endian float32, ROWS x COLUMNS. CENTROIDS: where to write those after five rounds (raw float32, in
// the matrix's space). One line of JSON; milliseconds.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "bench/support/raw_rows.h"
#include "clientele/base/errors.h"
#include "clientele/base/json.h"
#include "clientele/cluster/cluster.h"
#include "clientele/compute/backends.h"
#include "src/cluster/far_starts.h"
#include "src/cluster/start_race.h"

namespace clientele::bench {
namespace {

constexpr int64_t kRounds = 5;

/// Milliseconds of the clock on the wall, and of all threads' processor time (which a loaded machine lengthens less).
struct Lap {
  double wall = 0, processor = 0;
  Lap operator-(const Lap& other) const { return {wall - other.wall, processor - other.processor}; }
  Lap operator+(const Lap& other) const { return {wall + other.wall, processor + other.processor}; }
};

class Watch {
 public:
  /// Since the last call.
  Lap lap() {
    const auto now = std::chrono::steady_clock::now();
    const std::clock_t used = std::clock();
    const Lap lap{std::chrono::duration<double, std::milli>(now - last_).count(),
                  1000.0 * static_cast<double>(used - used_) / CLOCKS_PER_SEC};
    last_ = now;
    used_ = used;
    return lap;
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
  std::clock_t used_ = std::clock();
};

/// A full pass alone, as first_pass begins with.
Lap bare_pass(RowBlocks& rows, const std::vector<float>& centroids, Env& env) {
  LloydSpec one;
  one.max_iterations = 1;
  const std::vector<Int128> squares = square_sums(rows, env);
  Watch watch;
  const Clustering ignored = lloyd(rows, centroids, one, env);
  const Lap whole = watch.lap();
  const std::vector<Int128> again = square_sums(rows, env);
  return whole - watch.lap();
}

Json measure(RowBlocks& rows, int k, const ClusterSpec& spec, Env& env, std::vector<float>& after) {
  Watch watch;
  StartRace race(rows, k, spec, env);
  const Lap drawn = watch.lap();
  const FitStart start = race.best(k);
  const Lap raced = watch.lap();
  if (start.rows == 0) throw Error(ErrorKind::usage, {.what = "too few rows for a sample"});
  FirstPass first{.centroids = start.centroids};
  run_first_passes({&first, 1}, rows, static_cast<uint64_t>(spec.seed), env);
  const Lap passes = watch.lap(), far = passes - bare_pass(rows, start.centroids, env);
  LloydSpec rounds;
  rounds.max_iterations = kRounds + 1;  // the last one's pass finds the inertia that the fifth update left
  const Clustering fit = lloyd(rows, first.centroids, rounds, env);
  LloydSpec to_save;
  to_save.max_iterations = kRounds;
  after = lloyd(rows, first.centroids, to_save, env).centroids;
  return {{"sample_ms", drawn.wall},
          {"race_ms", raced.wall},
          {"far_rows_ms", far.wall},
          {"seeding_ms", (drawn + raced + far).wall},
          {"seeding_processor_ms", (drawn + raced + far).processor},
          {"sample_rows", start.rows},
          {"far_starts", first.swaps},
          {"inertia_at_start", fit.history[0].inertia},
          {"inertia_after_5", fit.history.back().inertia}};
}

void run(int argc, char** argv) {
  if (argc < 5)
    throw Error(ErrorKind::usage, {.what = "MATRIX ROWS COLUMNS K [RESTARTS [SEED [THREADS [CENTROIDS]]]]"});
  const auto number = [&](int at, int64_t otherwise) {
    return at < argc ? std::strtoll(argv[at], nullptr, 10) : otherwise;
  };
  const int64_t n = number(2, 0);
  const int d = static_cast<int>(number(3, 0)), k = static_cast<int>(number(4, 0));
  ThreadPool pool(static_cast<int>(number(7, 0)));
  const auto backend = make_cpu_backend(pool);
  const auto comm = make_single_comm();
  SilentProgress silent;
  Env env{.pool = pool, .backend = *backend, .comm = *comm, .progress = silent, .warnings = {}};
  std::vector<float> values = read_floats(argv[1], n, d);
  RowBlocks rows = engine_rows(values, n, d, env);
  values = {};
  ClusterSpec spec;
  spec.restarts = number(5, 1);
  spec.seed = number(6, 1);
  std::vector<float> after;
  const Json out = measure(rows, k, spec, env, after);
  std::printf("%s\n", out.dump().c_str());
  if (argc <= 8) return;
  for (size_t i = 0; i < after.size(); ++i)
    after[i] = static_cast<float>(static_cast<double>(after[i]) + rows.means[i % rows.means.size()]);
  write_floats(argv[8], after);
}

}  // namespace
}  // namespace clientele::bench

int main(int argc, char** argv) {
  try {
    clientele::bench::run(argc, argv);
    return 0;
  } catch (const clientele::Error& error) {
    std::fprintf(stderr, "seeding_bench: %s\n", error.what());
    return static_cast<int>(error.kind());
  }
}
