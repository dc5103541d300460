// Small job files: every section, every kind of value, and what is no job.
#pragma once

#include <string>
#include <vector>

namespace clientele::test {

std::vector<std::string> job_seeds();

}  // namespace clientele::test
