// Which device a job gets.
#include "src/app/device.h"

#include <gtest/gtest.h>

#include "clientele/base/errors.h"
#include "tests/support/apart_backend.h"

namespace clientele {
namespace {

RunSpec on(const std::string& device) {
  RunSpec spec;
  spec.device = device;
  return spec;
}

/// An old device, one that cannot be asked, two that can be used.
CudaFacts four_devices() {
  CudaFacts facts;
  facts.built = true;
  facts.devices = {{0, "old GPU", "older than compute capability 8.0"},
                   {1, "CUDA device 1", "unknown error"},
                   {2, "GPU two", ""},
                   {3, "GPU three", ""}};
  return facts;
}

CudaFacts no_devices() {
  CudaFacts facts;
  facts.reason = "this build has no CUDA";
  return facts;
}

/// The message of Error{device}.
template <class Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::device);
    return error.what();
  }
  ADD_FAILURE() << "accepted";
  return {};
}

testing::AssertionResult has(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "no \"" << part << "\" in:\n" << text;
}

TEST(Device, AutoTakesTheFirstThatCanBeUsed) {
  const DeviceChoice choice = choose_device(on("auto"), four_devices());
  EXPECT_TRUE(choice.cuda);
  EXPECT_EQ(choice.index, 2);
  EXPECT_TRUE(has(choice.reason, "GPU two"));
}

TEST(Device, AutoSaysWhyItTakesTheCpu) {
  const DeviceChoice choice = choose_device(on("auto"), no_devices());
  EXPECT_FALSE(choice.cuda);
  EXPECT_TRUE(has(choice.reason, "this build has no CUDA"));
}

TEST(Device, ANameIsTheDriversNumber) {
  EXPECT_EQ(choose_device(on("cuda:3"), four_devices()).index, 3);
  EXPECT_TRUE(has(choose_device(on("cuda:3"), four_devices()).reason, "GPU three"));
  EXPECT_FALSE(choose_device(on("cpu"), four_devices()).cuda);
}

TEST(Device, OneThatCannotBeUsedIsRefusedWithItsReason) {
  const auto asked = [](const std::string& device, const CudaFacts& facts) {
    return refusal([&] { choose_device(on(device), facts); });
  };
  EXPECT_TRUE(has(asked("cuda", four_devices()), "old GPU: older than compute capability 8.0"));
  EXPECT_TRUE(has(asked("cuda:1", four_devices()), "unknown error"));
  EXPECT_TRUE(has(asked("cuda:4", four_devices()), "4 device(s)"));
  EXPECT_TRUE(has(asked("cuda:0", no_devices()), "this build has no CUDA"));
}

TEST(Device, TooLittleMemoryMeansTheCpuUnderAutoAndAnErrorByName) {
  const DeviceChoice gpu{true, 2, "GPU two"};
  EXPECT_TRUE(choice_with_room(on("auto"), gpu, 1000, 1000).cuda);
  const DeviceChoice cpu = choice_with_room(on("auto"), gpu, 40'000'000'000, 24'000'000'000);
  EXPECT_FALSE(cpu.cuda);
  EXPECT_TRUE(has(cpu.reason, "cuda:2"));
  EXPECT_TRUE(choice_with_room(on("cuda:2"), gpu, 1000, 1000).cuda);
  const std::string said = refusal([&] { choice_with_room(on("cuda:2"), gpu, 40'000'000'000, 24'000'000'000); });
  EXPECT_TRUE(has(said, "40000000000"));
  EXPECT_TRUE(has(said, "24000000000"));
  EXPECT_TRUE(has(said, "hint:"));
}

TEST(Device, AFootprintCountsFeaturesSeedingAndScratch) {
  ThreadPool pool(1);
  JobBackend backend(on("cpu"), choose_device(on("cpu"), no_devices()), pool);
  const Footprint seeded{.rows = 100'000, .d = 8, .weighted = true, .k = 5, .seeded = true};
  Footprint given = seeded;
  given.seeded = false;
  EXPECT_EQ(given.bytes(*backend), backend->rows_bytes(100'000, 8, true) + backend->scratch_bytes(100'000, 8, 5));
  EXPECT_EQ(seeded.bytes(*backend) - given.bytes(*backend), 800'000);
  EXPECT_TRUE(backend.has_room({.rows = int64_t{1} << 40, .d = 8}));
}

TEST(Device, AFootprintCountsSamplesAndTheirLabels) {
  ThreadPool pool(1);
  const test::ApartBackend backend(make_cpu_backend(pool));
  const auto slots = [&](const Footprint& need) {
    return backend.rows_bytes(need.rows, need.d, need.weighted) - backend.page_layout(need.d).bytes(need.rows);
  };
  const Footprint bare{.rows = 200'000, .d = 64, .k = 5};
  Footprint raced = bare;
  raced.sample_rows = 150'000;
  raced.starts = 10;
  EXPECT_GE(raced.beside_features(backend), slots(raced) + backend.rows_bytes(150'000, 64, false) +
                                                backend.rows_bytes(150'000 / 8, 64, false) + 9 * int64_t{150'000} * 4);
  Footprint sized = bare;
  sized.size_rows = 65'536;
  EXPECT_GE(sized.beside_features(backend), bare.beside_features(backend) + backend.rows_bytes(65'536, 64, true));
  sized.rows = 1000;
  EXPECT_LT(sized.bytes(backend), backend.rows_bytes(65'536, 64, true)) << "a sample has no more rows than there are";
}

}  // namespace
}  // namespace clientele
