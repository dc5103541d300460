#include "clientele/base/errors.h"
#include "device.h"

namespace clientele::gpu {

namespace {

constexpr uint64_t kPoolKeptBytes = uint64_t{2} << 30;  // freed scratch that the pool keeps instead of handing it back

std::string code_and_text(cudaError_t status) {
  return std::string(cudaGetErrorName(status)) + ": " + cudaGetErrorString(status);
}

}  // namespace

void check(cudaError_t status, const char* doing) {
  if (status == cudaSuccess) return;
  static_cast<void>(cudaGetLastError());
  throw Error(ErrorKind::device, {.what = std::string("the GPU failed while ") + doing,
                                  .where = "CUDA",
                                  .expected = "success",
                                  .found = code_and_text(status),
                                  .hint = "run the same job with --device cpu: it gives the same bytes"});
}

Device::Device(int ordinal) : ordinal_(ordinal) {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess || ordinal < 0 || ordinal >= count)
    throw Error(ErrorKind::device,
                {.what = "no such GPU",
                 .where = "cuda:" + std::to_string(ordinal),
                 .expected = "a device number below the number of GPUs",
                 .found = status != cudaSuccess ? code_and_text(status) : std::to_string(count) + " GPUs",
                 .hint = "`clientele doctor` lists the GPUs; --device cpu gives the same bytes"});
  use();
  check(cudaGetDeviceProperties(&properties_, ordinal_), "reading the device's properties");
  int pools = 0;
  check(cudaDeviceGetAttribute(&pools, cudaDevAttrMemoryPoolsSupported, ordinal_), "reading the device's properties");
  if (properties_.major < 8 || pools == 0)
    throw Error(ErrorKind::device, {.what = "this GPU cannot be used",
                                    .where = "cuda:" + std::to_string(ordinal) + " " + properties_.name,
                                    .expected = "compute capability 8.0 or newer with stream-ordered memory",
                                    .found = "compute capability " + std::to_string(properties_.major) + "." +
                                             std::to_string(properties_.minor),
                                    .hint = "use --device cpu: it gives the same bytes"});
  check(cudaDeviceGetDefaultMemPool(&pool_, ordinal_), "opening the memory pool");
  uint64_t kept = kPoolKeptBytes;
  check(cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReleaseThreshold, &kept), "setting up the memory pool");
  check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "creating a stream");
}

Device::~Device() {
  // A destructor must not throw; a failure here was reported by an earlier call.
  static_cast<void>(cudaSetDevice(ordinal_));
  static_cast<void>(cudaStreamSynchronize(stream_));
  static_cast<void>(cudaStreamDestroy(stream_));
}

void Device::use() const {
  check(cudaSetDevice(ordinal_), "selecting the device");
}

void Device::synchronise() const {
  check(cudaStreamSynchronize(stream_), "waiting for the device");
}

int64_t Device::free_bytes() const {
  synchronise();  // so that all that was released has reached the pool
  size_t free_bytes = 0;
  size_t total_bytes = 0;
  uint64_t reserved = 0;
  uint64_t used = 0;
  check(cudaMemGetInfo(&free_bytes, &total_bytes), "asking for free memory");
  check(cudaMemPoolGetAttribute(pool_, cudaMemPoolAttrReservedMemCurrent, &reserved), "asking for free memory");
  check(cudaMemPoolGetAttribute(pool_, cudaMemPoolAttrUsedMemCurrent, &used), "asking for free memory");
  return static_cast<int64_t>(free_bytes + reserved - used);
}

void* Device::allocate_if_room(int64_t bytes) const {
  void* memory = nullptr;
  const cudaError_t status = cudaMallocAsync(&memory, static_cast<size_t>(bytes), stream_);
  if (status == cudaSuccess) return memory;
  static_cast<void>(cudaGetLastError());
  if (status != cudaErrorMemoryAllocation) check(status, "allocating memory");
  return nullptr;
}

void* Device::allocate(int64_t bytes, const char* purpose) const {
  void* memory = allocate_if_room(bytes);
  if (memory != nullptr) return memory;
  size_t free_bytes = 0;
  size_t total_bytes = 0;
  check(cudaMemGetInfo(&free_bytes, &total_bytes), "asking for free memory");
  throw Error(ErrorKind::device,
              {.what = std::string("out of GPU memory for: ") + purpose,
               .where = "cuda:" + std::to_string(ordinal_) + " " + properties_.name,
               .expected = std::to_string(bytes) + " bytes",
               .found = std::to_string(free_bytes) + " of " + std::to_string(total_bytes) + " bytes free",
               .hint = "set run.device_memory below what is free, so that less is kept there and more is streamed, or "
                       "use --device cpu: either gives the same bytes"});
}

void Device::release(void* memory) const noexcept {
  static_cast<void>(cudaFreeAsync(memory, stream_));
}

bool Device::pin(void* memory, int64_t bytes) const {
  use();
  if (cudaHostRegister(memory, static_cast<size_t>(bytes), cudaHostRegisterMapped) == cudaSuccess) return true;
  static_cast<void>(cudaGetLastError());  // so that no later call reports it
  return false;
}

const void* Device::seen(void* memory) const {
  use();
  void* there = nullptr;
  if (cudaHostGetDevicePointer(&there, memory, 0) == cudaSuccess) return there;
  static_cast<void>(cudaGetLastError());
  return nullptr;
}

void Device::unpin(void* memory) const noexcept {
  static_cast<void>(cudaSetDevice(ordinal_));
  static_cast<void>(cudaHostUnregister(memory));
}

}  // namespace clientele::gpu
