// A clustering fitted, published and ready to be judged or profiled.
#pragma once

#include "clientele/cluster/cluster.h"
#include "tests/support/rows.h"

namespace clientele::test {

struct Judged {
  RowBlocks rows;
  Clustering clustering;
  Published published;
};

inline Judged fitted(const Matrix& matrix, Space space, int k, int64_t restarts, Env& env,
                     const std::vector<float>& start = {}) {
  Judged out{.rows = blocks_of(matrix, space, env), .clustering = {}, .published = {}};
  ClusterSpec spec;
  spec.restarts = restarts;
  out.clustering = fit(out.rows, k, spec, start, env);
  out.published = publish(out.rows, out.clustering, env);
  return out;
}

}  // namespace clientele::test
