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
  const DeviceRoom room{24'000'000'000, 25'000'000'000, false};
  EXPECT_TRUE(choice_with_room(on("auto"), gpu, room.bytes, room).cuda);
  const DeviceChoice cpu = choice_with_room(on("auto"), gpu, 40'000'000'000, room);
  EXPECT_FALSE(cpu.cuda);
  EXPECT_TRUE(has(cpu.reason, "cuda:2"));
  EXPECT_TRUE(choice_with_room(on("cuda:2"), gpu, room.bytes, room).cuda);
  const std::string said = refusal([&] { choice_with_room(on("cuda:2"), gpu, 40'000'000'000, room); });
  EXPECT_TRUE(has(said, "40000000000"));
  EXPECT_TRUE(has(said, "24000000000 of 25000000000"));
  EXPECT_TRUE(has(said, "hint:"));
  EXPECT_FALSE(has(said, "device_memory"));
}

TEST(Device, ALimitOfOnesOwnIsNamedWhereItIsTooLow) {
  const DeviceChoice gpu{true, 2, "GPU two"};
  const DeviceRoom room{8'000'000'000, 25'000'000'000, true};
  RunSpec spec = on("cuda:2");
  spec.device_memory = "8GB";
  const std::string said = refusal([&] { choice_with_room(spec, gpu, 9'000'000'000, room); });
  EXPECT_TRUE(has(said, "8000000000 of 25000000000"));
  EXPECT_TRUE(has(said, "run.device_memory = \"8GB\""));
  EXPECT_TRUE(has(said, "Raise run.device_memory"));
  EXPECT_TRUE(has(choice_with_room(on("auto"), gpu, 9'000'000'000, room).reason, "run.device_memory"));
}

TEST(Device, AShareOfAGpusMemoryIsTheDrivers) {
  constexpr int64_t kGiB = int64_t{1} << 30;
  RunSpec spec;
  EXPECT_EQ(device_room(spec, 8 * kGiB).bytes, 8 * kGiB - kGiB / 4);
  EXPECT_EQ(device_room(spec, 80 * kGiB).bytes, 80 * kGiB - 80 * kGiB / 50);
  EXPECT_EQ(device_room(spec, 80 * kGiB).free_bytes, 80 * kGiB);
  EXPECT_EQ(device_room(spec, kGiB / 8).bytes, 0);
  EXPECT_FALSE(device_room(spec, 80 * kGiB).given);
  spec.device_memory = "8GiB";
  EXPECT_EQ(device_room(spec, 80 * kGiB).bytes, 8 * kGiB);
  EXPECT_EQ(device_room(spec, 80 * kGiB).free_bytes, 80 * kGiB);
  EXPECT_TRUE(device_room(spec, 80 * kGiB).given);
  EXPECT_EQ(device_room(spec, 6 * kGiB).bytes, 6 * kGiB);
  EXPECT_FALSE(device_room(spec, 6 * kGiB).given);
}

TEST(Device, OneThatCannotBeOpenedMeansTheCpuUnderAutoAndAnErrorByName) {
  ThreadPool pool(1);
  const DeviceChoice missing{true, 4711, "GPU 4711"};
  const JobBackend backend(on("auto"), missing, pool);
  EXPECT_FALSE(backend.choice().cuda);
  EXPECT_FALSE(backend.holds_context());
  EXPECT_EQ(backend->facts().name, "cpu");
  EXPECT_TRUE(has(backend.choice().reason, "cuda:4711 cannot be opened"));
  SilentProgress progress;
  const std::unique_ptr<Comm> comm = make_single_comm();
  const Env env = backend.env(*comm, progress);
  ASSERT_EQ(env.warnings.size(), 1u);
  EXPECT_TRUE(has(env.warnings[0], "cuda:4711 cannot be opened"));
  refusal([&] { JobBackend(on("cuda:4711"), missing, pool); });
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
  raced.heat_rows = 150'000 / 8;
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
