// How long a job would take, by a short measurement on this machine.
#pragma once

#include <filesystem>

#include "clientele/base/json.h"
#include "clientele/base/thread_pool.h"
#include "clientele/compute/backend.h"
#include "clientele/data/source.h"
#include "device.h"

namespace clientele {

/// What a job asks of the machine.
struct Workload {
  Footprint size;
  int64_t columns = 0;         ///< that are read
  int64_t input_passes = 0;    ///< over the input, at most
  int64_t fits = 0;            ///< all k, all starts that run on all rows
  double start_passes = 0;     ///< what finding the start of a fit takes, in passes over all rows
  int64_t iterations = 100;    ///< that a fit is expected to take
  int64_t judged = 0;          ///< numbers of segments
  int64_t max_iterations = 0;  ///< of a fit
  double scratch_seconds = 0;  ///< of reading the scratch file once; 0: rows stay in memory
  int64_t copied_bytes = 0;    ///< of pages, that a pass copies to a GPU
  int64_t page_rows = 0;       ///< of each of them
  int64_t side_by_side = 1;    ///< fits that share each of these reads and copies
};

/// Seconds to read `bytes` bytes of a scratch file in the folder, by writing and reading a part of it now. Throws
/// Error{files} when there is no room.
double scratch_pass_seconds(const std::filesystem::path& folder, int64_t bytes);

/// Seconds to copy `bytes` bytes of pages of so many rows to the backend's memory, by lending it one now.
double copy_pass_seconds(Backend& backend, int64_t page_rows, int d, int64_t bytes);

/// Reads some rows of the source (none where it is null) and labels some rows on the backend, about a second in all.
/// Rows that are streamed are expected to take as long as the slowest of reading, copying and labelling them.
/// {"input_pass_seconds", "iteration_seconds", "expected_seconds", "all_iterations_seconds", "basis"}. Nothing is
/// promised, not that the disk stays as fast as for the first rows either.
Json expected_time(const Workload& work, Source* source, Backend& backend, ThreadPool& pool);

}  // namespace clientele
