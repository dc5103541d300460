// run.json, put together.
#pragma once

#include <string>
#include <vector>

#include "clientele/base/json.h"
#include "clientele/compute/backend.h"
#include "clientele/data/source.h"
#include "fingerprint.h"
#include "sweep.h"

namespace clientele {

/// {"files": [...], "layout", "read_path", "rows", "columns"}.
Json input_record(const std::vector<InputFile>& files, const ReadPlan& plan, int64_t rows, int64_t columns);
/// The same without what differs between machines, for uns/run: file names, rows, columns.
Json input_values(const std::vector<InputFile>& files, int64_t rows, int64_t columns);

Json device_record(const BackendFacts& facts);

/// {"threshold", "rows", "sizes": [outliers of each segment]}.
Json outlier_record(double threshold, const std::vector<int64_t>& sizes);

/// `result` of run.json.
Json result_record(const Sweep& sweep, const JudgeSpec& spec, uint64_t seed);
/// `result` of uns/run: without the counts of rechecked rows, which depend on the instruction set.
Json portable_result(const Json& result);

}  // namespace clientele
