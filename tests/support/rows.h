// Rows in memory as RowBlocks of a backend, the way prep makes them: transformed by identity, centred or scaled to unit
// length, with scales.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "clientele/compute/backends.h"
#include "clientele/env/env.h"
#include "clientele/prep/row_blocks.h"
#include "tests/support/oracle.h"

namespace clientele::test {

/// n x d, row-major. weights: empty, or one a row.
struct Matrix {
  int64_t n = 0;
  int d = 0;
  std::vector<float> x;
  std::vector<double> weights;
};

enum class Space { as_is, centred, unit };

/// One rank's place to work: pool, backend, Env.
struct Workplace {
  struct Options {
    int threads = 2;
    SimdLevel simd = SimdLevel::automatic;
    int64_t block_rows = 0;
    int64_t features_bytes = 0;  ///< of memory; the other rows' go to a scratch file
  };
  Workplace();
  explicit Workplace(const Options& options, Comm* comm = nullptr);

  ThreadPool pool;
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Comm> single;
  SilentProgress progress;
  Env env;
};

/// This rank's share of the matrix.
RowBlocks blocks_of(const Matrix& matrix, Space space, Env& env);
/// The engine's rows of one rank, read back: what an oracle works on.
oracle::Rows read_back(const RowBlocks& rows, const Matrix& matrix, Env& env);

/// Every row as often as it weighs (whole weights), and no weights.
Matrix repeated(const Matrix& weighted);

/// k round groups of spread 1 whose centres lie in a box of the given half width; deterministic.
Matrix mixture(int64_t n, int d, int k, double box, uint64_t stream);

/// body on each of `ranks` thread-ranks, with its own workplace.
void on_ranks(int ranks, const Workplace::Options& options, const std::function<void(Env&)>& body);

}  // namespace clientele::test
