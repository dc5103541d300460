// Seeding (k-means++ by weighted draws) and samples.
#include <algorithm>
#include <cstring>
#include <string_view>
#include <unordered_map>

#include "clientele/compute/formulas.h"
#include "cpu_backend.h"
#include "draws.h"

namespace clientele {
namespace {

class CpuSampleOps final : public SampleOps {
 public:
  explicit CpuSampleOps(const Cpu& cpu) : cpu_(cpu) {}

  void set_weights(RowBlock& block, std::span<const int64_t> m) override {
    std::copy(m.begin(), m.end(), cpu_rows(block).weights());
  }

  void copy_weights(const RowBlock& block, int64_t first, std::span<int64_t> out) override {
    const CpuRows& rows = cpu_rows(block);
    for (size_t i = 0; i < out.size(); ++i) out[i] = rows.weight(first + static_cast<int64_t>(i));
  }

  void fetch(const RowBlock& block, std::span<const int64_t> local, HostView<float> out) override {
    const CpuRows& rows = cpu_rows(block);
    for (size_t i = 0; i < local.size(); ++i) rows.copy_row(local[i], out.row(static_cast<int64_t>(i)).data());
  }

  void smallest_keys(const RowBlock& rows, const RandomKey& key, int64_t count,
                     std::vector<std::pair<uint64_t, int64_t>>& smallest) override {
    merge_smallest_keys(cpu_, cpu_rows(rows), key, count, smallest);
  }

  void sample_below(const RowBlock& rows, const RandomKey& key, uint64_t limit, SampledRows& sample) override {
    append_sample(cpu_, cpu_rows(rows), key, limit, sample);
  }

  void start_seeding(RowBlock& rows) override { cpu_rows(rows).allocate_min_d2(); }
  void end_seeding(RowBlock& rows) override { cpu_rows(rows).release_min_d2(); }

  void draw(const RowBlock& rows, std::span<const RandomKey> keys, std::span<Draw> draws) override {
    merge_draws(cpu_, cpu_rows(rows), keys, draws);
  }

  void potentials(const RowBlock& block, HostView<const float> candidates,
                  std::span<CanonicalSum> potentials) override {
    require_block_start(block);
    const CpuRows& rows = cpu_rows(block);
    require_seeding(rows);
    const size_t count = static_cast<size_t>(candidates.rows);
    std::vector<double> sums(static_cast<size_t>(block_count(rows)) * count);
    for_blocks(cpu_.pool, rows, [&](int64_t index, int64_t first, int64_t tiles, int) {
      std::vector<Lanes> lanes(count);
      std::vector<double> d2(count * kChunkRows);
      for_chunks(first, tiles, [&](int64_t t, int64_t chunk_tiles) {
        const Tiles chunk = tiles_of(rows, t, chunk_tiles);
        cpu_.kernels.distance.d2_to_points(chunk, candidates.data, static_cast<int>(count), d2.data(), kChunkRows);
        for (size_t c = 0; c < count; ++c)
          add_terms(rows, t * kTileRows, {d2.data() + c * kChunkRows, size_t(chunk.rows)}, lanes[c]);
      });
      for (size_t c = 0; c < count; ++c) sums[static_cast<size_t>(index) * count + c] = lanes[c].fold();
    });
    for (size_t i = 0; i < sums.size(); ++i) potentials[i % count].append_closed(sums[i]);
  }

  void lower_min_d2(RowBlock& block, std::span<const float> centroid) override {
    CpuRows& rows = cpu_rows(block);
    require_seeding(rows);
    for_tiles(cpu_.pool, rows, [&](int64_t begin, int64_t tiles, int) {
      for_chunks(begin, tiles, [&](int64_t first, int64_t count) {
        double d2[kChunkRows];
        cpu_.kernels.distance.d2_to_points(tiles_of(rows, first, count), centroid.data(), 1, d2, kChunkRows);
        double* least = rows.min_d2() + first * kTileRows;
        for (int64_t i = 0; i < count * kTileRows; ++i) least[i] = d2[i] < least[i] ? d2[i] : least[i];
      });
    });
  }

  void lower_to_own(RowBlock& block, const CentroidsView& centroids) override {
    CpuRows& rows = cpu_rows(block);
    require_seeding(rows);
    for_tiles(cpu_.pool, rows, [&](int64_t begin, int64_t tiles, int) {
      for_chunks(begin, tiles, [&](int64_t first, int64_t count) {
        double d2[kChunkRows];
        int32_t labels[kChunkRows];
        const int64_t row = first * kTileRows;
        for (int64_t i = 0; i < count * kTileRows; ++i) labels[i] = std::max(rows.labels()[row + i], 0);
        cpu_.kernels.distance.d2_to_own(tiles_of(rows, first, count), centroids.data, labels, d2);
        double* least = rows.min_d2() + row;
        for (int64_t i = 0; i < count * kTileRows; ++i) least[i] = d2[i] < least[i] ? d2[i] : least[i];
      });
    });
  }

  void far_from_seeds(const RowBlock& rows, int count, std::vector<FarRow>& best) override {
    rank_far_from_seeds(cpu_, cpu_rows(rows), count, best);
  }

  void distinct_rows(const RowBlock& block, int64_t limit, std::vector<std::vector<float>>& distinct) override {
    const CpuRows& rows = cpu_rows(block);
    std::unordered_multimap<size_t, size_t> known;
    for (size_t i = 0; i < distinct.size(); ++i) known.emplace(hash(distinct[i]), i);
    std::vector<float> row(static_cast<size_t>(rows.d()));
    for (int64_t r = 0; r < rows.rows() && static_cast<int64_t>(distinct.size()) < limit; ++r) {
      if (rows.weight(r) == 0) continue;
      rows.copy_row(r, row.data());
      const size_t h = hash(row);
      const auto [begin, end] = known.equal_range(h);
      if (std::any_of(begin, end, [&](const auto& entry) { return same_bits(distinct[entry.second], row); })) continue;
      known.emplace(h, distinct.size());
      distinct.push_back(row);
    }
  }

 private:
  /// m * min(min_d2, D) of the rows from `row` on (a multiple of 16), each to its lane.
  static void add_terms(const CpuRows& rows, int64_t row, std::span<const double> d2, Lanes& lanes) {
    const double* least = rows.min_d2() + row;
    if (!rows.weighted() && row % kLanes == 0 && d2.size() == kChunkRows) {  // whole groups of lanes
      for (size_t i = 0; i < kChunkRows; i += kLanes)
        for (size_t lane = 0; lane < kLanes; ++lane)
          lanes.lane[lane] += potential_term(1, least[i + lane], d2[i + lane]);
      return;
    }
    for (size_t i = 0; i < d2.size(); ++i)
      lanes.lane[(static_cast<size_t>(row) + i) % kLanes] +=
          potential_term(rows.weight(row + static_cast<int64_t>(i)), least[i], d2[i]);
  }

  static std::string_view bytes(const std::vector<float>& row) {
    return {reinterpret_cast<const char*>(row.data()), row.size() * sizeof(float)};
  }
  static size_t hash(const std::vector<float>& row) { return std::hash<std::string_view>()(bytes(row)); }
  static bool same_bits(const std::vector<float>& a, const std::vector<float>& b) { return bytes(a) == bytes(b); }

  const Cpu cpu_;
};

}  // namespace

std::unique_ptr<SampleOps> make_sample_ops(const Cpu& cpu) {
  return std::make_unique<CpuSampleOps>(cpu);
}

}  // namespace clientele
