#include "device.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "byte_size.h"
#include "clientele/base/errors.h"
#include "clientele/prep/row_blocks.h"
#include "display.h"
#include "job_checks.h"
#include "memory_plan.h"

namespace clientele {
namespace {

/// What is kept back of a GPU's free memory: so much, or one part in so many. Not measured.
constexpr int64_t kKeptBytes = int64_t{256} << 20;
constexpr int64_t kKeptPart = 50;
std::string size_text(int64_t bytes) {
  return readable_bytes(static_cast<double>(bytes));
}

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

DeviceRoom device_room(const RunSpec& spec, int64_t free_bytes) {
  const std::optional<int64_t> given = parse_byte_size(spec.device_memory);
  if (given) return {std::min(*given, free_bytes), free_bytes, *given < free_bytes};
  return {std::max<int64_t>(0, free_bytes - std::max(kKeptBytes, free_bytes / kKeptPart)), free_bytes, false};
}

DeviceChoice choice_with_room(const RunSpec& spec, const DeviceChoice& choice, int64_t needed_bytes,
                              const DeviceRoom& room) {
  if (needed_bytes <= room.bytes) return choice;
  const std::string needed = size_text(needed_bytes);
  const std::string room_text = size_text(room.bytes) + " of the " + size_text(room.free_bytes) +
                                " that are free on cuda:" + std::to_string(choice.index) +
                                (room.given ? " (run.device_memory)" : "");
  if (cuda_index(spec.device) < 0)
    return {false, 0, "the CPU, chosen by auto: the job needs " + needed + " of GPU memory, and may take " + room_text};
  const std::string raise = room.given ? "Raise run.device_memory, or use" : "Use";
  throw Error(
      ErrorKind::device,
      {.what = "the GPU asked for has too little memory for this job, even with its features in the host's memory",
       .where =
           room.given ? "run.device_memory = \"" + spec.device_memory + '"' : "run.device = \"" + spec.device + '"',
       .expected = needed + " (" + std::to_string(needed_bytes) + " bytes)",
       .found = room_text + " (" + std::to_string(room.bytes) + " of " + std::to_string(room.free_bytes) + " bytes)",
       .hint = raise + " device = \"cpu\" or \"auto\", which gives the same bytes, or a GPU with more memory."});
}

JobBackend::JobBackend(const RunSpec& spec, const DeviceChoice& choice, ThreadPool& pool)
    : spec_(spec), pool_(pool), choice_(choice), host_bytes_(memory_limit(spec).bytes) {
  open();
}

void JobBackend::open() {
  if (!choice_.cuda || !open_gpu()) backend_ = make_cpu_backend(pool_, simd_level(spec_.simd));
}

bool JobBackend::open_gpu() try {
  backend_ = make_cuda_backend(choice_.index);
  holds_context_ = true;
  return true;
} catch (const Error& error) {
  if (error.kind() != ErrorKind::device || cuda_index(spec_.device) >= 0) throw;
  const Complaint& complaint = error.complaint();
  const std::string found = complaint.found.empty() ? "" : " (" + complaint.found + ')';
  choice_ = {false, 0,
             "the CPU, chosen by auto: cuda:" + std::to_string(choice_.index) + " cannot be opened: " + complaint.what +
                 found};
  warnings_.push_back("The job ran on " + choice_.reason + '.');
  return false;
}

DeviceRoom JobBackend::device_room() const {
  return choice_.cuda ? clientele::device_room(spec_, backend_->facts().memory_bytes) : DeviceRoom{};
}

int64_t JobBackend::needed_bytes(const Footprint& need) const {
  const int64_t resident = need.bytes(*backend_);
  if (cuda_index(spec_.device) < 0) return resident;
  const int64_t streamed = need.beside_features(*backend_) + least_features_bytes(*backend_, need.rows, need.d) +
                           page_table_bytes(need, *backend_, host_bytes_);
  return std::min(resident, streamed);
}

bool JobBackend::has_room(const Footprint& need) const {
  return !choice_.cuda || needed_bytes(need) <= device_room().bytes;
}

void JobBackend::make_room(const Footprint& need) {
  if (!choice_.cuda) return;
  choice_ = choice_with_room(spec_, choice_, needed_bytes(need), device_room());
  if (!choice_.cuda) open();
}

Env JobBackend::env(Comm& comm, Progress& progress) const {
  return {.pool = pool_,
          .backend = *backend_,
          .comm = comm,
          .progress = progress,
          .block_rows = spec_.block_rows,
          .warnings = warnings_};
}

Env JobBackend::with_room(Env&& env, const Footprint& need) {
  const bool gpu = choice_.cuda;
  make_room(need);
  if (gpu && !choice_.cuda) env.warnings.push_back("The job ran on " + choice_.reason + '.');
  return {env.pool, *backend_, env.comm, env.progress, env.block_rows, env.piece_rows, std::move(env.warnings)};
}

}  // namespace clientele
