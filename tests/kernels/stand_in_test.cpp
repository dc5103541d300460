// What the stand-in for CUDA must notice, so that tests on it can fail.
#include "stand_in.h"

#include <gtest/gtest.h>

#include <numeric>

#include "kernels/launch.h"

namespace clientele::stand_in {
namespace {

constexpr unsigned kThreads = 8;

struct Numbers {
  int count;
  int* values;  // a pointer inside an argument
};

void add_one(Numbers numbers) {
  if (static_cast<int>(threadIdx.x) < numbers.count) numbers.values[threadIdx.x] += 1;
}

/// Two streams of one device, and eight numbers in its memory, which the first stream allocated.
struct TwoStreams {
  TwoStreams() {
    cudaStreamCreateWithFlags(&work, cudaStreamNonBlocking);
    cudaStreamCreateWithFlags(&copies, cudaStreamNonBlocking);
    cudaEventCreateWithFlags(&event, cudaEventDisableTiming);
    cudaMallocAsync(reinterpret_cast<void**>(&values), kThreads * sizeof(int), work);
    std::iota(host, host + kThreads, 0);
  }
  ~TwoStreams() {
    cudaStreamSynchronize(copies);
    cudaStreamSynchronize(work);
    cudaFreeAsync(values, work);
    cudaEventDestroy(event);
    cudaStreamDestroy(copies);
    cudaStreamDestroy(work);
  }

  void launch(cudaStream_t stream) {
    cudaLaunchConfig_t config;
    config.blockDim = kThreads;
    config.stream = stream;
    EXPECT_EQ(cudaLaunchKernelEx(&config, add_one, Numbers{static_cast<int>(kThreads), values}), cudaSuccess);
  }
  void upload(size_t more_bytes = 0) {
    cudaMemcpyAsync(values, host, sizeof host + more_bytes, cudaMemcpyHostToDevice, copies);
  }
  /// What `later` is given from now on comes behind what `earlier` was given.
  void order(cudaStream_t earlier, cudaStream_t later) {
    cudaEventRecord(event, earlier);
    cudaStreamWaitEvent(later, event, 0);
  }
  int first_number() {
    int found = -1;
    cudaMemcpyAsync(&found, values, sizeof found, cudaMemcpyDeviceToHost, work);
    cudaStreamSynchronize(work);
    return found;
  }

  cudaStream_t work = nullptr, copies = nullptr;
  cudaEvent_t event = nullptr;
  int* values = nullptr;
  int host[kThreads];
};

TEST(Streams, MayUseTheSameMemoryInTurns) {
  TwoStreams two;
  two.order(two.work, two.copies);
  two.upload();
  two.order(two.copies, two.work);
  two.launch(two.work);
  EXPECT_EQ(two.first_number(), 1);  // which the host waits for
  two.upload();
  cudaStreamSynchronize(two.copies);
  EXPECT_EQ(two.first_number(), 0);
  two.order(two.work, two.copies);
  two.upload();
  two.order(two.copies, two.work);
}

TEST(StreamsDeathTest, ACopyOverMemoryThatKernelsMayUse) {
  TwoStreams two;
  cudaStreamSynchronize(two.work);  // the allocation
  two.launch(two.work);
  EXPECT_DEATH(two.upload(), "a copy on stream .* a kernel on stream .* may still be using");
  two.order(two.copies, two.work);  // the wrong way round
  EXPECT_DEATH(two.upload(), "a copy on stream .* a kernel on stream .* may still be using");
}

TEST(StreamsDeathTest, ACopyIntoMemoryThatIsNotThereYet) {
  TwoStreams two;
  EXPECT_DEATH(two.upload(), "a copy on stream .* an allocation on stream .* may still be using");
}

TEST(StreamsDeathTest, AnEventOfBeforeTheKernelIsNotEnough) {
  TwoStreams two;
  two.order(two.work, two.copies);
  two.launch(two.work);
  EXPECT_DEATH(two.upload(), "a copy on stream .* a kernel on stream .* may still be using");
}

TEST(StreamsDeathTest, AKernelThatDoesNotWaitForACopy) {
  TwoStreams two;
  two.order(two.work, two.copies);
  two.upload();
  EXPECT_DEATH(two.launch(two.work), "a kernel on stream .* a copy on stream .* may still be using");
}

TEST(StreamsDeathTest, AReleaseThatDoesNotWaitForACopy) {
  TwoStreams two;
  two.order(two.work, two.copies);
  two.upload();
  EXPECT_DEATH(cudaFreeAsync(two.values, two.work), "a release on stream .* a copy on stream .* may still be using");
}

TEST(MemoryDeathTest, ACopyBeyondAnAllocation) {
  TwoStreams two;
  cudaStreamSynchronize(two.work);
  EXPECT_DEATH(two.upload(1), "a copy of 33 bytes does not lie in one allocation");
}

TEST(MemoryDeathTest, AWriteBehindDynamicSharedMemory) {
  const auto write_at = [](size_t byte) {
    run_grid(2, kThreads, 96,
             [byte] { gpu::dynamic_shared<unsigned char>()[byte] = static_cast<unsigned char>(threadIdx.x); });
  };
  write_at(95);
  EXPECT_DEATH(write_at(96), "wrote behind its 96 bytes of dynamic shared memory");
  EXPECT_DEATH(write_at(96 + 1000), "wrote behind its 96 bytes of dynamic shared memory");
}

TEST(Devices, HaveAsManyMultiprocessorsAsTheyAreGiven) {
  cudaDeviceProp properties;
  set_multiprocessors(3);
  EXPECT_EQ(cudaGetDeviceProperties(&properties, 0), cudaSuccess);
  set_multiprocessors(1);
  EXPECT_EQ(properties.multiProcessorCount, 3);
  EXPECT_EQ(cudaGetDeviceProperties(&properties, 0), cudaSuccess);
  EXPECT_EQ(properties.multiProcessorCount, 1);
}

}  // namespace
}  // namespace clientele::stand_in
