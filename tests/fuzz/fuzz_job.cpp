// Any bytes may stand in a job file: it resolves to a job or is refused with Error{usage} that says what is wrong.
// What resolves can be echoed, and the echo is the same when it is resolved again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "clientele/base/errors.h"
#include "src/app/job_resolve.h"
#include "tests/fuzz/input_file.h"

namespace clientele {
namespace {

void require(bool holds) {
  if (!holds) std::abort();  // the fuzzer keeps the input
}

void resolve_twice(const std::string& path) {
  JobRequest request;
  request.file = path;
  try {
    const std::string job = job_values(resolve_job(request).job).dump();
    require(job_values(resolve_job(request).job).dump() == job);
    require(!job_with_origins(resolve_job(request)).dump().empty());
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::usage);
    require(!error.complaint().what.empty());
  }
}

}  // namespace
}  // namespace clientele

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const clientele::test::InputFile file(data, size);
  clientele::resolve_twice(file.path());
  return 0;
}
