// Reads an HDF5 input once through Source, as the pipeline does, or plainly with pread, and prints seconds and bytes as
// one JSON line.
//   read_bench source|pread FILE THREADS
// scripts/bench_reading.py interleaves both with h5py and compares.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <string>
#include <vector>

#include "clientele/base/canonical.h"
#include "clientele/base/errors.h"
#include "clientele/data/source.h"

namespace {

using clientele::kBlockRows;

int64_t read_source(const std::string& file, clientele::ThreadPool& pool) {
  clientele::InputSpec spec;
  spec.file = {file};
  const auto source = clientele::open_input(spec, pool);
  const int64_t columns = static_cast<int64_t>(source->schema().columns.size());
  std::vector<int> all(static_cast<size_t>(columns));
  std::iota(all.begin(), all.end(), 0);
  constexpr int64_t kPieceRows = 8192;
  std::vector<std::vector<double>> pieces(static_cast<size_t>(pool.threads()));
  pool.parallel_for((source->rows() + kBlockRows - 1) / kBlockRows, [&](int64_t block, int worker) {
    auto& piece = pieces[static_cast<size_t>(worker)];
    piece.resize(static_cast<size_t>(columns * kPieceRows));
    const int64_t last = std::min(source->rows(), (block + 1) * kBlockRows);
    for (int64_t first = block * kBlockRows; first < last; first += kPieceRows) {
      const int64_t rows = std::min(kPieceRows, last - first);
      source->read(first, all, {piece.data(), rows, columns, kPieceRows});
    }
  });
  return source->plan().decoded_bytes;
}

int64_t read_plainly(const std::string& file, clientele::ThreadPool& pool) {
  const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat facts = {};
  if (descriptor < 0 || fstat(descriptor, &facts) != 0) std::abort();
  constexpr int64_t kPiece = int64_t{1} << 20;
  std::vector<std::vector<char>> buffers(static_cast<size_t>(pool.threads()),
                                         std::vector<char>(static_cast<size_t>(kPiece)));
  std::atomic<int64_t> total = 0;
  pool.parallel_for((facts.st_size + kPiece - 1) / kPiece, [&](int64_t piece, int worker) {
    const auto got =
        pread(descriptor, buffers[static_cast<size_t>(worker)].data(), static_cast<size_t>(kPiece), piece * kPiece);
    if (got < 0) std::abort();
    total += got;
  });
  close(descriptor);
  return total;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: read_bench source|pread FILE THREADS\n");
    return 2;
  }
  const std::string way = argv[1];
  try {
    clientele::ThreadPool pool(std::atoi(argv[3]));
    const auto start = std::chrono::steady_clock::now();
    const int64_t bytes = way == "source" ? read_source(argv[2], pool) : read_plainly(argv[2], pool);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    std::printf("{\"way\": \"%s\", \"bytes\": %lld, \"seconds\": %.6f}\n", way.c_str(), static_cast<long long>(bytes),
                seconds.count());
  } catch (const clientele::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return error.exit_code();
  }
  return 0;
}
