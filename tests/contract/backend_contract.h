// One body of tests for every backend. A test program links it with one definition of contract_backends().
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "clientele/compute/backends.h"
#include "tests/support/row_makers.h"

namespace clientele::contract {

/// A backend and what it stands on.
struct Owned {
  std::unique_ptr<ThreadPool> pool;
  std::unique_ptr<Backend> backend;
};

struct Maker {
  std::string name;  ///< letters, digits and underscores
  std::function<Owned()> make;
};

inline void PrintTo(const Maker& maker, std::ostream* out) {
  *out << maker.name;
}

/// The backends of this test program: at least one, or the program fails.
std::vector<Maker> contract_backends();

/// Rows, two sets of centroids and what the oracle says of them; computed once, shared by all backends.
struct Case {
  oracle::Shape shape;
  oracle::Rows rows;
  oracle::Centroids centroids[2];
  std::vector<oracle::Nearest> nearest[2];
  std::vector<int32_t> labels[2];
  std::vector<double> scales;
};
const std::vector<Case>& cases();

class BackendContract : public testing::TestWithParam<Maker> {
 protected:
  void SetUp() override { owned_ = GetParam().make(); }

  Backend& backend() { return *owned_.backend; }
  /// The rows through column_ops().transform (identity), in pieces that do not fit tiles, with their weights.
  std::unique_ptr<RowBlock> load(const oracle::Rows& rows);
  /// load, and label slots as the oracle's for centroids `set`.
  std::unique_ptr<RowBlock> load_labelled(const Case& c, int set);
  static CentroidsView view(const Case& c, int set) { return {c.centroids[set].x.data(), c.shape.k, c.shape.d}; }

 private:
  Owned owned_;
};

/// Index of the first difference in bytes, -1 if there is none, -2 if the lengths differ.
template <class T>
int64_t first_difference(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return -2;
  for (size_t i = 0; i < a.size(); ++i)
    if (std::memcmp(&a[i], &b[i], sizeof(T)) != 0) return static_cast<int64_t>(i);
  return -1;
}

/// What the oracle says, asked once for all backends.
template <class T>
class Remembered {
 public:
  template <class Ask>
  const T& operator()(const std::string& key, const Ask& ask) {
    const auto found = known_.find(key);
    return found != known_.end() ? found->second : known_.emplace(key, ask()).first->second;
  }

 private:
  std::map<std::string, T> known_;
};

#define EXPECT_SAME_BYTES(a, b) EXPECT_EQ(::clientele::contract::first_difference(a, b), -1)

}  // namespace clientele::contract
