// What a run would do, found out without reading any rows.
#pragma once

#include "clientele/base/json.h"
#include "job_bind.h"

namespace clientele {

/// {"input", "columns", "features", "passes", "device", "memory", "outputs", "up_to_date"}.
Json plan_job(const BoundJob& bound);

}  // namespace clientele
