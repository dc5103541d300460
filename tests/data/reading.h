// What the reader's tests share: opening, reading in pieces, and what an error says.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "clientele/base/errors.h"
#include "clientele/data/source.h"
#include "tests/support/h5_writer.h"

namespace clientele::test {

inline std::unique_ptr<Source> open_one(const std::string& path, ThreadPool& pool, const std::string& dataset = "",
                                        const std::string& id = "", const std::string& layout = "auto") {
  InputSpec spec;
  spec.file = {path};
  spec.dataset = dataset;
  spec.id = id;
  spec.layout = layout;
  return open_input(spec, pool);
}

/// All columns, column-major, read in pieces of `piece` rows.
inline std::vector<double> read_all(Source& source, int64_t piece = 1'000'000) {
  const auto d = static_cast<int64_t>(source.schema().columns.size());
  std::vector<int> columns;
  for (int j = 0; j < d; ++j) columns.push_back(j);
  const int64_t n = source.rows();
  std::vector<double> out(static_cast<size_t>(n * d), -12345.0);
  for (int64_t first = 0; first < n; first += piece) {
    source.read(first, columns, {out.data() + first, std::min(piece, n - first), d, n});
  }
  return out;
}

inline std::vector<double> read_column(Source& source, const std::string& name) {
  const int column = source.schema().find(name);
  if (column < 0) return {};
  std::vector<double> out(static_cast<size_t>(source.rows()), -12345.0);
  source.read(0, {&column, 1}, {out.data(), source.rows(), 1, source.rows()});
  return out;
}

/// Equal bits, NaN equal to NaN, +0 different from -0.
inline bool same_values(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] != a[i] && b[i] != b[i]) continue;
    if (std::memcmp(&a[i], &b[i], sizeof(double)) != 0) return false;
  }
  return true;
}

/// Runs it and returns the text of the Error it must throw, of this kind; empty when it throws none.
inline std::string error_of(const std::function<void()>& task, ErrorKind kind = ErrorKind::input) {
  try {
    task();
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.kind()), static_cast<int>(kind)) << error.what();
    return error.what();
  }
  return "";
}

inline bool says(const std::string& message, const std::string& part) {
  return message.find(part) != std::string::npos;
}

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

}  // namespace clientele::test
