// What the tests of this room share: an Env of one's own, tables in memory, and equality to the bit.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "clientele/base/errors.h"
#include "clientele/compute/backends.h"
#include "clientele/env/env.h"
#include "clientele/prep/clean.h"
#include "clientele/prep/normalise.h"

namespace clientele {

/// How the work is cut; results must not depend on it.
struct Cut {
  int threads = 2;
  int64_t piece_rows = 8192;
  int64_t block_rows = 0;
  int ranks = 1;
  int64_t features_bytes = 0;  ///< of memory; the other rows' go to a scratch file
  int64_t tables_bytes = 0;
};

inline const std::vector<Cut> kCuts = {{1, 8192, 0, 1},      {2, 1000, 65536, 1}, {3, 65536, 100000, 1},
                                       {7, 8192, 131072, 1}, {2, 1000, 0, 2},     {1, 8192, 65536, 4},
                                       {2, 8192, 0, 1, 1},   {3, 8192, 0, 2, 1}};

class Workbench {
 public:
  explicit Workbench(Comm& comm, const Cut& cut = {})
      : pool_(cut.threads), backend_(make_cpu_backend(pool_)), env{pool_,          *backend_,      comm, progress_,
                                                                   cut.block_rows, cut.piece_rows, {}} {
    env.memory.features_bytes = cut.features_bytes;
    env.memory.tables_bytes = cut.tables_bytes;
    env.memory.scratch = std::filesystem::temp_directory_path().string();
  }

 private:
  ThreadPool pool_;
  std::unique_ptr<Backend> backend_;
  SilentProgress progress_;

 public:
  Env env;
};

/// Runs body once per rank, each with a workbench of its own.
inline void on_ranks(const Cut& cut, const std::function<void(Env&)>& body) {
  run_ranks(cut.ranks, [&](Comm& comm) {
    Workbench bench(comm, cut);
    body(bench.env);
  });
}

inline Column column_named(const std::string& name) {
  Column column;
  column.name = name;
  return column;
}

struct Table {
  Schema schema;
  std::vector<std::vector<double>> columns;
  IdColumn ids;

  Column& add(const std::string& name, std::vector<double> values) {
    columns.push_back(std::move(values));
    schema.columns.push_back(column_named(name));
    return schema.columns.back();
  }
  int64_t rows() const { return static_cast<int64_t>(columns.at(0).size()); }
  MemorySource source() const {
    IdColumn own = ids;
    if (own.kind == IdColumn::Kind::row_number) own.rows = rows();
    return MemorySource(schema, columns, own);
  }
};

inline IdColumn integer_ids(std::vector<int64_t> values) {
  IdColumn ids;
  ids.kind = IdColumn::Kind::integer;
  ids.rows = static_cast<int64_t>(values.size());
  ids.integers = std::move(values);
  return ids;
}

inline IdColumn text_ids(const std::vector<std::string>& values, int64_t width) {
  IdColumn ids;
  ids.kind = IdColumn::Kind::text;
  ids.rows = static_cast<int64_t>(values.size());
  ids.width = width;
  for (const std::string& value : values)
    ids.bytes += value + std::string(static_cast<size_t>(width) - value.size(), '\0');
  return ids;
}

/// The ids that a table says it has.
inline IdColumn ids_of(const Table& table) {
  IdColumn ids = table.ids;
  if (ids.kind == IdColumn::Kind::row_number) ids.rows = table.rows();
  return ids;
}

inline Error error_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error{ErrorKind::internal, {.what = "nothing was thrown"}};
}

inline uint64_t bits(double x) {
  uint64_t out = 0;
  std::memcpy(&out, &x, sizeof out);
  return out;
}

/// Everything that Moments hold, bit by bit.
inline std::vector<uint64_t> bits(const Moments& m) {
  return {static_cast<uint64_t>(m.present),
          static_cast<uint64_t>(m.missing),
          static_cast<uint64_t>(m.infinite),
          bits(m.mean),
          bits(m.m2),
          bits(m.min),
          bits(m.max)};
}

inline std::vector<double> random_normals(size_t n, unsigned seed, double mean = 0, double spread = 1) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal(mean, spread);
  std::vector<double> out(n);
  for (double& x : out) x = normal(engine);
  return out;
}

inline std::vector<double> sorted_present(std::vector<double> values) {
  std::erase_if(values, [](double x) { return std::isnan(x); });
  std::sort(values.begin(), values.end());
  return values;
}

/// Type-7 quantile of ascending values.
inline double sorted_quantile(const std::vector<double>& sorted, double p) {
  const double h = static_cast<double>(sorted.size() - 1) * p;
  const size_t low = static_cast<size_t>(h);
  const size_t high = std::min(low + 1, sorted.size() - 1);
  return std::fma(h - static_cast<double>(low), sorted[high] - sorted[low], sorted[low]);
}

inline double quantile_oracle(const std::vector<double>& values, double p) {
  return sorted_quantile(sorted_present(values), p);
}

}  // namespace clientele
