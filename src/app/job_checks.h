// What single keys cannot show: values that contradict one another.
#pragma once

#include <string>
#include <vector>

#include "job_bind.h"

namespace clientele {

/// Which checks apply: `run` needs an output folder, `validate` looks at the job file alone.
struct CheckScope {
  bool needs_output = false;
};

/// Appends every contradiction. Opens no file.
void check_job(const BoundJob& bound, const CheckScope& scope, std::vector<Problem>& problems);

/// True if publishing `folder` would replace the file `input`. Links are followed on both sides.
bool folder_holds(const std::string& folder, const std::string& input);

/// "cuda:3" -> 3, "cuda" -> 0, anything else -> -1.
int cuda_index(const std::string& device);

}  // namespace clientele
