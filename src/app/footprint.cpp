#include "footprint.h"

#include <algorithm>

namespace clientele {
namespace {

/// Bytes of pinned memory for one of a GPU's page tables: entries of 8 bytes for pages of 4 KiB, twice. Not measured.
constexpr int64_t kPinnedPerTable = 256;

}  // namespace

int64_t fits_of(const ClusterSpec& spec) {
  return spec.given_start() ? 1 : spec.k.back() - spec.k.front() + 1;
}

Footprint footprint_of(int64_t rows, int d, bool weighted, const ClusterSpec& cluster) {
  const int64_t k = cluster.k.back();
  return {.rows = rows,
          .d = d,
          .weighted = weighted,
          .k = static_cast<int>(k),
          .fits = fits_of(cluster),
          .seeded = !cluster.given_start(),
          .sample_rows = cluster.raced() ? cluster.start_sample_rows(k) : 0,
          .heat_rows = cluster.raced() ? cluster.heat_sample_rows(k) : 0,
          .starts = cluster.raced() ? std::min(cluster.restarts, kStartsTogether) : 1,
          .size_rows = cluster.min_size > 0 ? size_sample_rows(k) : 0};
}

int64_t label_set_bytes(const Footprint& need, const Backend& backend) {
  const PageLayout layout = backend.page_layout(need.d);
  const int64_t labels = backend.rows_bytes(need.rows, need.d, false) - layout.bytes(need.rows);
  // A GPU keeps bounds of one set only, and one array for the labels of the pass under way.
  if (layout.buffers > 0) return need.rows * int64_t{sizeof(int32_t)};
  const auto scratch = [&](int64_t rows) { return backend.scratch_bytes(rows, need.d, need.k); };
  return labels + scratch(2 * need.rows) - scratch(need.rows);  // what workers share comes once
}

int64_t Footprint::start_samples(const Backend& backend) const {
  Footprint large = *this;
  large.rows = std::min(rows, sample_rows);
  if (large.rows == 0) return 0;
  const int64_t small = std::min(rows, heat_rows);
  return backend.rows_bytes(large.rows, d, weighted) + backend.rows_bytes(small, d, weighted) +
         (starts - 1) * label_set_bytes(large, backend) + (seeded ? backend.seeding_bytes(large.rows) : 0) +
         backend.scratch_bytes(large.rows + small, d, k);
}

int64_t Footprint::rounds(const Backend& backend) const {
  const int64_t fit = (seeded ? backend.seeding_bytes(rows) : 0) + backend.scratch_bytes(rows, d, k);
  const int64_t sized = std::min(rows, size_rows);
  if (sized == 0) return fit;
  // Seeding is over by then. The sample has weights in any case.
  return std::max(fit, backend.rows_bytes(sized, d, true) + backend.scratch_bytes(rows + sized, d, k));
}

int64_t Footprint::beside_features(const Backend& backend) const {
  const int64_t slots = backend.rows_bytes(rows, d, weighted) - backend.page_layout(d).bytes(rows);
  // The samples go before seeding on all rows and bounds come.
  return slots + std::max(start_samples(backend), rounds(backend));
}

int64_t Footprint::bytes(const Backend& backend) const {
  return beside_features(backend) + backend.page_layout(d).bytes(rows);
}

int64_t page_table_bytes(const Footprint& need, const Backend& backend, int64_t host_bytes) {
  return std::min(backend.page_layout(need.d).bytes(need.rows), host_bytes) / kPinnedPerTable;
}

}  // namespace clientele
