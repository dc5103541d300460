// Rows larger than memory: what a pass takes beside reading the same bytes from the same disk once, in the same way.
//   streamed_bench ROWS COLUMNS K MEMORY_BYTES FOLDER [ROUNDS]
// MEMORY_BYTES is for features alone. First a scratch file of the whole matrix is written and read, then the rows are
// made under the limit and labelled: passes that find every label anew, then rounds of lloyd() with its bounds. Prints
// one JSON object.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "clientele/base/errors.h"
#include "clientele/base/json.h"
#include "clientele/base/page_buffer.h"
#include "clientele/base/random.h"
#include "clientele/base/scratch_file.h"
#include "clientele/cluster/cluster.h"
#include "clientele/compute/backends.h"

namespace clientele::bench {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

struct Shape {
  int64_t rows = 0;
  int d = 0, k = 0;
  int64_t memory = 0;
  std::string folder;
  int64_t rounds = 0;
};

/// Seconds to read a file of `bytes` bytes from end to end, by large reads past the page cache.
double read_once(const Shape& shape, int64_t bytes, bool& direct) {
  constexpr int64_t kPiece = int64_t{16} << 20;
  const int64_t pieces = (bytes + kPiece - 1) / kPiece;
  const ScratchFile file(shape.folder, pieces * kPiece);
  direct = file.direct();
  const PageBuffer buffer(static_cast<size_t>(kPiece), "a piece of the file");
  const std::span<std::byte> piece(buffer.as<std::byte>(), buffer.bytes());
  std::fill(piece.begin(), piece.end(), std::byte{1});
  for (int64_t i = 0; i < pieces; ++i) file.write(i * kPiece, piece);
  const auto begin = Clock::now();
  for (int64_t i = 0; i < pieces; ++i) file.read(i * kPiece, piece);
  return since(begin) / static_cast<double>(pieces * kPiece) * static_cast<double>(bytes);
}

/// Centre of row i in feature j, for k overlapping groups.
double centre(int64_t group, int j) {
  return 3 * random_unit({.seed = 7, .purpose = Purpose::generate}, group * 1000 + j);
}

void fill(RowBlock& block, const Shape& shape, Env& env) {
  const int64_t pieces = (block.rows() + 8191) / 8192;
  std::vector<FeatureTransform> identity(static_cast<size_t>(shape.d));
  for (int j = 0; j < shape.d; ++j) identity[static_cast<size_t>(j)].source = j;
  env.pool.parallel_for(pieces, [&](int64_t piece, int) {
    const int64_t first = piece * 8192, count = std::min<int64_t>(8192, block.rows() - first);
    std::vector<double> values(static_cast<size_t>(count * shape.d));
    for (int64_t i = 0; i < count; ++i) {
      const int64_t row = block.first_row() + first + i;
      uint64_t state = static_cast<uint64_t>(row) * 0x9E3779B97F4A7C15u;
      for (int j = 0; j < shape.d; ++j) {
        state = (state ^ (state >> 29)) * 0xBF58476D1CE4E5B9u + 1;
        values[static_cast<size_t>(j * count + i)] =
            centre(row % shape.k, j) + static_cast<double>(state >> 11) * 0x1p-53 * 4;
      }
    }
    env.backend.column_ops().transform({values.data(), count, shape.d, count}, identity, {}, block, first);
  });
}

RowBlocks make_rows(const Shape& shape, Env& env) {
  RowBlocks rows;
  rows.total_rows = rows.rows = shape.rows;
  rows.d = shape.d;
  make_blocks(rows, env);
  rows.each([&](RowBlock& block) { fill(block, shape, env); }, Features::fill);
  rows.means.assign(static_cast<size_t>(shape.d), 0);
  rows.variances.assign(static_cast<size_t>(shape.d), 1);
  rows.scales.assign(static_cast<size_t>(shape.d), 0x1p37);
  return rows;
}

int64_t peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM")) return std::atoll(line.substr(line.find_first_of("0123456789")).c_str()) * 1024;
  return 0;
}

/// Notes when each round ends.
class RoundTimes : public SilentProgress {
 public:
  void start() {
    seconds.clear();
    begin_ = Clock::now();
  }
  void advance(int64_t) override {
    seconds.push_back(since(begin_));
    begin_ = Clock::now();
  }
  std::vector<double> seconds;

 private:
  Clock::time_point begin_ = Clock::now();
};

Json measure(const Shape& shape) {
  ThreadPool pool(0);
  const auto backend = make_cpu_backend(pool);
  const auto comm = make_single_comm();
  RoundTimes times;
  Env env{.pool = pool, .backend = *backend, .comm = *comm, .progress = times, .warnings = {}};
  env.memory = {.features_bytes = shape.memory, .tables_bytes = 0, .scratch = shape.folder};
  const int64_t bytes = backend->page_layout(shape.d).bytes(shape.rows);
  bool direct = false;
  const double once = read_once(shape, bytes, direct);
  RowBlocks rows = make_rows(shape, env);

  std::vector<float> start(static_cast<size_t>(shape.k) * static_cast<size_t>(shape.d));
  for (int64_t c = 0; c < shape.k; ++c)
    for (int j = 0; j < shape.d; ++j)
      start[static_cast<size_t>(c * shape.d + j)] =
          static_cast<float>(centre(c, j) + 2 + 0.3 * static_cast<double>((c + j) % 3 - 1));
  Json dense = Json::array();
  const int64_t before = rows.traffic().bytes_read;
  for (int i = 0; i < 3; ++i) {
    const auto begin = Clock::now();
    const auto pass = backend->assign_ops().start({start.data(), shape.k, shape.d}, rows.scales);
    rows.each([&](RowBlock& block) { pass->add(block); });
    pass->finish();
    dense.push_back(since(begin));
  }
  const int64_t of_pass = (rows.traffic().bytes_read - before) / 3;
  const int64_t begun = rows.traffic().bytes_read;
  times.start();
  const Clustering fit = lloyd(rows, start, {.max_iterations = shape.rounds}, env);
  return {{"rows", shape.rows},
          {"columns", shape.d},
          {"k", shape.k},
          {"features_bytes", bytes},
          {"memory_bytes", shape.memory},
          {"peak_bytes", peak_bytes()},
          {"direct", direct},
          {"read_once_seconds", once},
          {"full_pass_seconds", dense},
          {"full_pass_bytes_read", of_pass},
          {"round_seconds", times.seconds},
          {"rounds_bytes_read", rows.traffic().bytes_read - begun},
          {"rounds", fit.iterations}};
}

}  // namespace
}  // namespace clientele::bench

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fprintf(stderr, "streamed_bench ROWS COLUMNS K MEMORY_BYTES FOLDER [ROUNDS]\n");
    return 2;
  }
  const clientele::bench::Shape shape{std::atoll(argv[1]),
                                      std::atoi(argv[2]),
                                      std::atoi(argv[3]),
                                      std::atoll(argv[4]),
                                      argv[5],
                                      argc > 6 ? std::atoll(argv[6]) : 10};
  try {
    std::printf("%s\n", clientele::bench::measure(shape).dump(1).c_str());
  } catch (const clientele::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return error.exit_code();
  }
  return 0;
}
