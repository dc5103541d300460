// lloyd() itself on resident rows, round by round: what scripts/bench_kmeans.py compares with other libraries, and what
// a kernel is tuned with. Options: see kUsage. Times are wall-clock milliseconds; setup (rows into the engine's layout,
// centred; sums of squares) stands apart from the rounds.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "bench/support/bench_rows.h"
#include "bench/support/machine_rates.h"
#include "bench/support/raw_rows.h"
#include "bench/support/watched_backend.h"
#include "clientele/base/errors.h"
#include "clientele/base/json.h"
#include "clientele/cluster/cluster.h"
#include "clientele/compute/backends.h"

namespace clientele::bench {
namespace {

constexpr const char* kUsage = R"(lloyd_bench --rows N --columns D --k K [options]
  --matrix FILE      raw little-endian float32, N x D, row-major; without it rows are generated
  --groups G         of generated rows (default: as many as K); 1 gives structureless rows
  --centroids FILE   initial ones, raw float32, K x D, in the matrix's space; without it rows spread over the matrix
  --rounds N         at most N (default 12); fewer only if sums and counts stay as they were
  --strict           at most 300 rounds, unless --rounds says otherwise
  --dense            every pass finds every label anew (no bounds)
  --threads T        default 0: one for each processor
  --simd NAME        scalar, avx2, avx512 (default: the best there is)
  --repeats R        of the whole fit; times of each are kept (default 1)
  --publish          also the last pass of a job: labels, distances, margins
  --roofline         measures the machine and prints each round's share of what it allows a dense pass
  --quiet            no table
  --json FILE        everything, as JSON
  --save FILE        final centroids, raw float32, K x D, in the matrix's space
)";

const std::set<std::string> kFlags = {"strict", "dense", "publish", "roofline", "quiet"};
const std::set<std::string> kValues = {"rows", "columns", "k",      "matrix",  "groups", "centroids", "init",
                                       "seed", "simd",    "rounds", "threads", "json",   "repeats",   "save"};

class Options {
 public:
  Options(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
      const std::string word = argv[i];
      const std::string name = word.rfind("--", 0) == 0 ? word.substr(2) : "";
      if (kFlags.count(name) > 0)
        given_[name] = "";
      else if (kValues.count(name) > 0 && i + 1 < argc)
        given_[name] = argv[++i];
      else
        throw Error(ErrorKind::usage, {.what = "unknown option, or one without its value", .where = word});
    }
  }
  bool has(const std::string& name) const { return given_.count(name) > 0; }
  std::string text(const std::string& name) const { return has(name) ? given_.at(name) : ""; }
  int64_t number(const std::string& name, int64_t otherwise) const {
    return has(name) ? std::strtoll(given_.at(name).c_str(), nullptr, 10) : otherwise;
  }
  int64_t positive(const std::string& name, int64_t otherwise) const {
    const int64_t value = number(name, otherwise);
    if (value > 0) return value;
    throw Error(ErrorKind::usage, {.what = "a positive number is needed", .where = "--" + name});
  }

 private:
  std::map<std::string, std::string> given_;
};

SimdLevel simd_level(const std::string& name) {
  if (name.empty()) return SimdLevel::automatic;
  for (const SimdLevel level : simd_levels())
    if (simd_name(level) == name) return level;
  throw Error(ErrorKind::usage, {.what = "this processor has no such instruction set", .where = "--simd " + name});
}

Instant now() {
  return std::chrono::steady_clock::now();
}

struct Shape {
  int64_t n = 0;
  int d = 0;
  int k = 0;
};

/// Initial centroids in the engine's space.
std::vector<float> starting(const Options& options, const Shape& shape, const std::vector<float>& values,
                            const RowBlocks& rows) {
  std::vector<double> given;
  if (options.has("centroids"))
    for (const float v : read_floats(options.text("centroids"), shape.k, shape.d)) given.push_back(v);
  else
    for (int64_t c = 0; c < shape.k; ++c)
      for (int64_t j = 0; j < shape.d; ++j)
        given.push_back(values[static_cast<size_t>(shape.n / shape.k * c * shape.d + j)]);
  return engine_centroids(given, rows);
}

/// One fit: its times as JSON, and the clustering.
Json measure(const Options& options, RowBlocks& rows, const std::vector<float>& start, Env& env, RoundClock& clock,
             const WatchedBackend& watched, Clustering& result) {
  LloydSpec spec;
  spec.stop = StopRule::strict;
  spec.max_iterations = options.positive("rounds", options.has("strict") ? 300 : 12);
  clock.rounds.clear();
  const Instant begin = now();
  result = lloyd(rows, start, spec, env);
  const Instant end = now();
  Json out;
  out["square_sums_ms"] = milliseconds(begin, watched.cleared());
  out["iterating_ms"] = milliseconds(watched.cleared(), end);
  out["rounds"] = clock.rounds.size();
  out["stopped_by"] = result.stopped_by;
  Instant before = watched.cleared();
  for (size_t i = 0; i < clock.rounds.size(); ++i) {
    const WatchedPass& pass = watched.passes().at(i);
    out["round_ms"].push_back(milliseconds(before, clock.rounds[i]));
    out["pass_ms"].push_back(milliseconds(pass.begin, pass.end));
    out["moved"].push_back(pass.moved);
    out["scanned"].push_back(pass.scanned);
    out["rechecked"].push_back(pass.rechecked);
    before = clock.rounds[i];
  }
  out["inertia"] = result.inertia;
  out["empty_repairs"] = result.empty_repairs;
  if (options.has("publish")) {
    const Instant publishing = now();
    const Published published = publish(rows, result, env);
    out["publish_ms"] = milliseconds(publishing, now());
    out["published_inertia"] = published.inertia;
  }
  return out;
}

/// The least time of each round over all repeats, in which they all do the same work.
void print_table(const Json& fits, const Shape& shape, const MachineRates& rates) {
  const Json& first = fits.at(0);
  const double limit = 1000 * rates.pass_seconds(shape.n, shape.d, shape.k);
  std::printf("round       ms  pass ms    moved %%  scanned %%  rechecked %%%s\n", limit > 0 ? "  of roofline %" : "");
  const double percent = 100.0 / static_cast<double>(shape.n);
  double total = 0;
  for (size_t i = 0; i < first["round_ms"].size(); ++i) {
    double round = HUGE_VAL, pass = HUGE_VAL;
    for (const Json& fit : fits) {
      round = std::min(round, fit["round_ms"][i].get<double>());
      pass = std::min(pass, fit["pass_ms"][i].get<double>());
    }
    total += round;
    std::printf("%5zu %8.3f %8.3f %10.4f %10.4f %12.5f", i + 1, round, pass, percent * first["moved"][i].get<double>(),
                percent * first["scanned"][i].get<double>(), percent * first["rechecked"][i].get<double>());
    if (limit > 0) std::printf(" %14.1f", 100 * limit / round);
    std::printf("\n");
  }
  std::printf("%zu rounds in %.2f ms (least of %zu fits each), stopped by %s, inertia %.17g\n",
              first["round_ms"].size(), total, fits.size(), first["stopped_by"].get<std::string>().c_str(),
              first["inertia"].get<double>());
  if (limit > 0)
    std::printf("machine: %.1f GFLOP/s float32 FMA (%d lanes), %.1f GB/s read; a dense pass cannot be below %.3f ms\n",
                rates.gflops, rates.lanes, rates.gigabytes_read, limit);
}

void save(const std::string& path, const Clustering& result, const RowBlocks& rows) {
  std::vector<float> out;
  for (size_t i = 0; i < result.centroids.size(); ++i)
    out.push_back(static_cast<float>(static_cast<double>(result.centroids[i]) + rows.means[i % rows.means.size()]));
  write_floats(path, out);
}

void describe(Json& out, const Shape& shape, const Options& options, Backend& backend, const MachineRates& rates) {
  const BackendFacts facts = backend.facts();
  out["rows"] = shape.n;
  out["columns"] = shape.d;
  out["k"] = shape.k;
  out["threads"] = facts.threads;
  out["simd"] = facts.simd;
  out["device"] = facts.device;
  out["dense"] = options.has("dense");
  if (!options.has("roofline")) return;
  out["machine"] = {{"gflops", rates.gflops}, {"lanes", rates.lanes}, {"gigabytes_read", rates.gigabytes_read}};
  out["roofline_ms"] = 1000 * rates.pass_seconds(shape.n, shape.d, shape.k);
}

void run(const Options& options) {
  const Shape shape{options.positive("rows", 0), static_cast<int>(options.positive("columns", 0)),
                    static_cast<int>(options.positive("k", 0))};
  ThreadPool pool(static_cast<int>(options.number("threads", 0)));
  const MachineRates rates = options.has("roofline") ? machine_rates(pool) : MachineRates{};
  WatchedBackend backend(make_cpu_backend(pool, simd_level(options.text("simd"))), options.has("dense"));
  const auto comm = make_single_comm();
  RoundClock clock;
  Env env{.pool = pool, .backend = backend, .comm = *comm, .progress = clock, .warnings = {}};
  std::vector<float> values =
      options.has("matrix")
          ? read_floats(options.text("matrix"), shape.n, shape.d)
          : generated_rows(shape.n, shape.d, static_cast<int>(options.positive("groups", shape.k)), pool);
  Json out;
  describe(out, shape, options, backend, rates);
  const Instant begin = now();
  RowBlocks rows = engine_rows(values, shape.n, shape.d, env);
  out["rows_ms"] = milliseconds(begin, now());
  const std::vector<float> start = starting(options, shape, values, rows);
  std::vector<float>().swap(values);
  Clustering result;
  for (int64_t i = 0; i < options.positive("repeats", 1); ++i)
    out["fits"].push_back(measure(options, rows, start, env, clock, backend, result));
  if (!options.has("quiet")) {
    std::printf("n %lld, d %d, k %d, %d threads, %s%s: rows in %.0f ms\n", static_cast<long long>(shape.n), shape.d,
                shape.k, pool.threads(), out["simd"].get<std::string>().c_str(), options.has("dense") ? ", dense" : "",
                out["rows_ms"].get<double>());
    print_table(out["fits"], shape, rates);
  }
  if (options.has("save")) save(options.text("save"), result, rows);
  if (options.has("json") && !(std::ofstream(options.text("json")) << out.dump(1) << "\n"))
    throw Error(ErrorKind::files, {.what = "cannot write", .where = options.text("json")});
}

}  // namespace
}  // namespace clientele::bench

int main(int argc, char** argv) {
  using namespace clientele;
  try {
    bench::run(bench::Options(argc, argv));
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "lloyd_bench: %s\n", error.what());
    if (error.kind() == ErrorKind::usage) std::fprintf(stderr, "%s", bench::kUsage);
    return static_cast<int>(error.kind());
  }
}
