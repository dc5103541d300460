#include "device.h"

#include "clientele/base/errors.h"
#include "job_checks.h"

namespace clientele {
namespace {

SimdLevel simd_level(RunSpec::Simd simd) {
  switch (simd) {
    case RunSpec::Simd::scalar:
      return SimdLevel::scalar;
    case RunSpec::Simd::avx2:
      return SimdLevel::avx2;
    case RunSpec::Simd::avx512:
      return SimdLevel::avx512;
    case RunSpec::Simd::automatic:
      break;
  }
  return SimdLevel::automatic;
}

}  // namespace

DeviceChoice choose_device(const RunSpec& spec) {
  const int index = cuda_index(spec.device);
  if (spec.device == "cpu") return {false, 0, "the CPU, as asked for"};
  const CudaFacts facts = cuda_facts();
  const bool usable = facts.built && facts.reason.empty() && !facts.devices.empty();
  const std::string reason = !facts.reason.empty() ? facts.reason
                             : facts.built         ? "no GPU was found"
                                                   : "this build has no CUDA backend";
  if (index >= 0) {
    if (!usable || index >= static_cast<int>(facts.devices.size()))
      throw Error(
          ErrorKind::device,
          {.what = "the GPU asked for cannot be used",
           .where = "run.device = \"" + spec.device + '"',
           .expected = "a CUDA device with index " + std::to_string(index),
           .found = usable ? std::to_string(facts.devices.size()) + " device(s)" : reason,
           .hint = "Use device = \"auto\" or \"cpu\": the result has the same bytes. `clientele doctor` says more."});
    return {true, index, "GPU " + facts.devices[static_cast<size_t>(index)] + ", as asked for"};
  }
  if (usable) return {true, 0, "GPU " + facts.devices[0] + ", chosen by auto"};
  return {false, 0, "the CPU, chosen by auto: " + reason};
}

std::unique_ptr<Backend> open_backend(const RunSpec& spec, const DeviceChoice& choice, ThreadPool& pool) {
  return choice.cuda ? make_cuda_backend(choice.index) : make_cpu_backend(pool, simd_level(spec.simd));
}

}  // namespace clientele
