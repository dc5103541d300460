#include "device.h"

#include <algorithm>
#include <cstdint>

#include "byte_size.h"
#include "clientele/base/errors.h"
#include "clientele/prep/row_blocks.h"
#include "display.h"
#include "job_checks.h"
#include "memory_plan.h"

namespace clientele {
namespace {

/// The first sample of a race has at most one row for so many of the larger one: 64 a segment for 200, or an eighth.
constexpr int64_t kHeatPart = 3;

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

DeviceChoice choose_device(const RunSpec& spec, const CudaFacts& facts) {
  if (spec.device == "cpu") return {false, 0, "the CPU, as asked for"};
  const int index = cuda_index(spec.device);
  if (index < 0) {
    const CudaDevice* first = facts.first_usable();
    if (first != nullptr) return {true, first->index, "GPU " + first->text + ", chosen by auto"};
    return {false, 0, "the CPU, chosen by auto: " + (facts.reason.empty() ? "no GPU was found" : facts.reason)};
  }
  std::string found = facts.reason.empty() ? std::to_string(facts.devices.size()) + " device(s)" : facts.reason;
  for (const CudaDevice& device : facts.devices) {
    if (device.index != index) continue;
    if (device.reason.empty()) return {true, index, "GPU " + device.text + ", as asked for"};
    found = device.text + ": " + device.reason;
  }
  throw Error(
      ErrorKind::device,
      {.what = "the GPU asked for cannot be used",
       .where = "run.device = \"" + spec.device + '"',
       .expected = "a CUDA device with index " + std::to_string(index),
       .found = found,
       .hint = "Use device = \"auto\" or \"cpu\": the result has the same bytes. `clientele doctor` says more."});
}

DeviceChoice choice_with_room(const RunSpec& spec, const DeviceChoice& choice, int64_t needed_bytes,
                              int64_t free_bytes) {
  if (needed_bytes <= free_bytes) return choice;
  const std::string needed = readable_bytes(static_cast<double>(needed_bytes));
  const std::string free = readable_bytes(static_cast<double>(free_bytes));
  if (cuda_index(spec.device) < 0)
    return {false, 0,
            "the CPU, chosen by auto: the job needs " + needed +
                " of GPU memory, and cuda:" + std::to_string(choice.index) + " has " + free + " free"};
  throw Error(
      ErrorKind::device,
      {.what = "the GPU asked for has too little memory for this job, even with its features in the host's memory",
       .where = "run.device = \"" + spec.device + '"',
       .expected = needed + " free (" + std::to_string(needed_bytes) + " bytes)",
       .found = free + " (" + std::to_string(free_bytes) + " bytes)",
       .hint = "Use device = \"cpu\" or \"auto\", which gives the same bytes, or a GPU with more memory."});
}

int64_t Footprint::start_samples(const Backend& backend) const {
  Footprint large = *this;
  large.rows = std::min(rows, sample_rows);
  if (large.rows == 0) return 0;
  const int64_t small = std::min(rows, sample_rows / kHeatPart);
  return backend.rows_bytes(large.rows, d, weighted) + backend.rows_bytes(small, d, weighted) +
         (starts - 1) * label_set_bytes(large, backend) + (seeded ? backend.seeding_bytes(large.rows) : 0) +
         backend.scratch_bytes(large.rows + small, d, k);
}

int64_t Footprint::rounds(const Backend& backend) const {
  const int64_t fit = (seeded ? backend.seeding_bytes(rows) : 0) + backend.scratch_bytes(rows, d, k);
  const int64_t sized = std::min(rows, size_rows);
  if (sized == 0) return fit;
  // Seeding is over by then. The sample has weights in any case.
  return std::max(fit, backend.rows_bytes(sized, d, true) + backend.scratch_bytes(rows + sized, d, k));
}

int64_t Footprint::beside_features(const Backend& backend) const {
  const int64_t slots = backend.rows_bytes(rows, d, weighted) - backend.page_layout(d).bytes(rows);
  // The samples go before seeding on all rows and bounds come.
  return slots + std::max(start_samples(backend), rounds(backend));
}

int64_t Footprint::bytes(const Backend& backend) const {
  return beside_features(backend) + backend.page_layout(d).bytes(rows);
}

JobBackend::JobBackend(const RunSpec& spec, const DeviceChoice& choice, ThreadPool& pool)
    : spec_(spec), pool_(pool), choice_(choice) {
  open();
}

void JobBackend::open() {
  backend_ = choice_.cuda ? make_cuda_backend(choice_.index) : make_cpu_backend(pool_, simd_level(spec_.simd));
}

int64_t JobBackend::device_bytes() const {
  if (!choice_.cuda) return 0;
  return std::min(backend_->facts().memory_bytes, parse_byte_size(spec_.device_memory).value_or(INT64_MAX));
}

int64_t JobBackend::needed_bytes(const Footprint& need) const {
  if (cuda_index(spec_.device) < 0) return need.bytes(*backend_);
  return need.beside_features(*backend_) + least_features_bytes(*backend_, need.rows, need.d);
}

bool JobBackend::has_room(const Footprint& need) const {
  return !choice_.cuda || needed_bytes(need) <= device_bytes();
}

void JobBackend::make_room(const Footprint& need) {
  if (!choice_.cuda) return;
  choice_ = choice_with_room(spec_, choice_, needed_bytes(need), device_bytes());
  if (!choice_.cuda) open();
}

Env JobBackend::env(Comm& comm, Progress& progress) const {
  return {.pool = pool_,
          .backend = *backend_,
          .comm = comm,
          .progress = progress,
          .block_rows = spec_.block_rows,
          .warnings = {}};
}

Env JobBackend::with_room(Env&& env, const Footprint& need) {
  const bool gpu = choice_.cuda;
  make_room(need);
  if (gpu && !choice_.cuda) env.warnings.push_back("The job ran on " + choice_.reason + '.');
  return {env.pool, *backend_, env.comm, env.progress, env.block_rows, env.piece_rows, std::move(env.warnings)};
}

}  // namespace clientele
