// segments.h5ad: valid AnnData 0.1.0 that anndata, h5py, R and MATLAB open; and segments.csv.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "clientele/base/json.h"
#include "clientele/base/thread_pool.h"
#include "clientele/data/ids.h"

namespace clientele {

/// One row per client of the input, excluded ones included. All spans have ids.rows elements.
struct SegmentRows {
  const IdColumn* ids = nullptr;
  std::span<const int32_t> segment;      ///< 0-based; -1 excluded
  std::span<const float> distance;       ///< sqrt(D), normalised space; NaN excluded
  std::span<const int32_t> second_best;  ///< -1 where there is none
  std::span<const float> margin;         ///< (d2 - d1) / d2
  std::span<const int8_t> excluded;      ///< 0 kept, else a code into `exclusion_reasons`
};

/// What stands beside the rows.
struct SegmentsFile {
  SegmentRows rows;
  std::vector<std::string> segment_names;      ///< categories of obs/segment, in segment order
  std::vector<std::string> exclusion_reasons;  ///< categories of obs/excluded; [0] is ""
  std::vector<std::string> feature_names;      ///< var index
  std::vector<std::string> feature_sources;    ///< var column: source column of each feature
  std::vector<std::string> feature_blocks;     ///< var column
  /// Finite: obs/outlier (int8) and a column of segments.csv say 1 where the distance is above it, else 0.
  double outlier_distance = std::numeric_limits<double>::infinity();
  Json profiles;  ///< uns/segments, as the profiles.json object (stored as a JSON string and as 1-D arrays of its
                  ///< numbers)
  Json run;       ///< uns/run: {job, seed, input, result}; stored as JSON strings. No times, machine facts or checksums
};

/// segment_id is contiguous. Ids are fixed-length UTF-8 strings marked string-array, or int64. Space is reserved before
/// big writes. Throws Error{files}. Same content, same bytes.
void write_segments_h5ad(const std::filesystem::path& path, const SegmentsFile& file, ThreadPool& pool);

/// client_id,segment,segment_id,distance (and outlier) with RFC 4180 quoting; excluded rows have an empty segment, -1,
/// an empty distance (and 0).
void write_segments_csv(const std::filesystem::path& path, const SegmentsFile& file);

/// Columns as 1-D datasets of /clients and /events groups, used by `clientele generate`. Throws Error{files}.
struct NumberColumn {
  std::string name;
  std::vector<int64_t> integers;  ///< one of the three
  std::vector<double> doubles;
  std::vector<float> floats;
};
void write_columns(const std::filesystem::path& path, const std::string& group,
                   const std::vector<NumberColumn>& columns, bool append);
/// Writes an n x d float32 dataset piece by piece; `fill(first, out)` is called for ascending row ranges.
void write_matrix(const std::filesystem::path& path, const std::string& dataset, int64_t n, int64_t d,
                  const std::vector<std::string>& names, bool append,
                  const std::function<void(int64_t first, std::vector<float>& out)>& fill);

}  // namespace clientele
