// Help, generated from the Specs: every section and key with its help, default and range.
#pragma once

#include <string>

namespace clientele {

/// For `clientele run --help`.
std::string job_help();
/// An annotated job file with every key at its default, each commented out.
std::string job_template();

}  // namespace clientele
