// What a run would do, found out by reading no more rows than it takes to time the reading.
#pragma once

#include "clientele/base/json.h"
#include "job_bind.h"

namespace clientele {

/// {"input", "columns", "features", "passes", "device", "memory", "time", "output"}.
Json plan_job(const BoundJob& bound);

}  // namespace clientele
