// What of kernels/ is plain C++: the tiled layout, the centroids of the screen, and what running out of memory says.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "clientele/base/errors.h"
#include "clientele/compute/backends.h"
#include "kernels/lane_sums.h"
#include "kernels/screen.h"
#include "kernels/tile.h"
#include "stand_in.h"

namespace clientele::gpu {
namespace {

TEST(Tile, EveryFeatureOfEveryRowHasItsOwnPlace) {
  for (const int64_t rows : {1, 31, 32, 33, 100}) {
    for (const int d : {1, 3, 17}) {
      std::set<int64_t> places;
      for (int64_t r = 0; r < rows; ++r)
        for (int j = 0; j < d; ++j) places.insert(tiled_index(r, d) + j * kTileRows);
      EXPECT_EQ(static_cast<int64_t>(places.size()), rows * d);
      EXPECT_GE(*places.begin(), 0);
      EXPECT_LT(*places.rbegin(), tiled_size(rows, d));
    }
  }
}

TEST(Tile, LanesOfAWarpReadNeighbours) {
  for (int64_t r = 64; r < 64 + kTileRows; ++r) EXPECT_EQ(tiled_index(r, 5) - tiled_index(64, 5), r - 64);
}

TEST(Tile, IndicesPassThirtyTwoBits) {
  const int64_t row = int64_t{1} << 33;
  EXPECT_EQ(tiled_index(row + 1, 64), row * 64 + 1);
}

TEST(Screen, GroupsHoldNegatedCentroidsAndZeroPadding) {
  constexpr int k = kScreenGroup + 3;
  constexpr int d = 5;
  std::vector<float> values;
  for (int i = 0; i < k * d; ++i) values.push_back(static_cast<float>(i) * 0.25f - 3);
  const CentroidsView centroids{values.data(), k, d};
  const std::vector<float> grouped = grouped_for_screen(centroids, bounds_for_screen(centroids));
  ASSERT_EQ(grouped.size(), static_cast<size_t>(2 * kScreenGroup * d));
  for (int c = 0; c < 2 * kScreenGroup; ++c) {
    for (int j = 0; j < d; ++j) {
      const int at = c / kScreenGroup * kScreenGroup * d + j * kScreenGroup + c % kScreenGroup;
      EXPECT_EQ(grouped[static_cast<size_t>(at)], c < k ? -values[static_cast<size_t>(c * d + j)] : 0.0f);
    }
  }
}

TEST(Screen, ACentroidOutOfReachIsAlwaysBestAndNeverCertified) {
  const float values[] = {1, 2, 3e38f, 1, INFINITY, 0, NAN, 0};
  const CentroidsView centroids{values, 4, 2};
  const std::vector<ScreenBound> bounds = bounds_for_screen(centroids);
  const std::vector<float> grouped = grouped_for_screen(centroids, bounds);
  EXPECT_TRUE(std::isfinite(bounds[0].bias));
  for (size_t c = 1; c < 4; ++c) {
    EXPECT_EQ(bounds[c].bias, -INFINITY);
    for (size_t j = 0; j < 2; ++j) EXPECT_EQ(grouped[j * kScreenGroup + c], 0.0f);
    const float lower = std::fma(4.0f, bounds[c].slope, bounds[c].bias);
    EXPECT_FALSE(100.0f - lower > screen_gap(bounds[c], 4.0f));
    EXPECT_FALSE(lower - lower > screen_gap(bounds[c], 4.0f));
  }
}

TEST(Memory, RunningOutNamesTheBuffer) {
  const auto backend = make_cuda_backend(0);
  stand_in::limit_memory(1000);
  try {
    const auto rows = backend->make_rows(0, 1000, 4, false, "normalised features");
    ADD_FAILURE() << "16,000 bytes fitted into 1,000";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::device);
    EXPECT_NE(error.complaint().what.find("normalised features"), std::string::npos) << error.what();
    EXPECT_NE(error.complaint().expected.find("16384"), std::string::npos) << error.what();
  }
  stand_in::limit_memory(-1);
  EXPECT_NO_THROW(backend->make_rows(0, 1000, 4, false, "normalised features"));
}

TEST(Memory, AnUploadIsDoneWhenItReturns) {
  const Device device(0);
  std::vector<double> values(100, 2.5);
  const std::vector<double> expected = values;
  const auto uploaded_once = uploaded<double>(device, values, "values");
  std::fill(values.begin(), values.end(), -1.0);
  EXPECT_EQ(uploaded_once.to_host(), expected);

  std::vector<double> columns = {1, 2, 99, 3, 4, 99};
  Buffer<double> two(device, 4, "columns");
  two.upload_columns({columns.data(), 2, 2, 3});
  std::fill(columns.begin(), columns.end(), -1.0);
  EXPECT_EQ(two.to_host(), (std::vector<double>{1, 2, 3, 4}));
}

TEST(LaneSums, AreTheSameInAnyScratchMemory) {
  const Device device(0);
  constexpr int k = 100;  // lanes of 51,200 bytes: too many for shared memory
  const int64_t rows = 4 * kBlockRows + 500;
  std::vector<double> values;
  std::vector<int32_t> labels;
  for (int64_t i = 0; i < rows; ++i) {
    values.push_back(1.0 / static_cast<double>(i + 1));
    labels.push_back(static_cast<int32_t>(i * 7 % k));
  }
  const auto on_device = uploaded<double>(device, values, "values");
  const auto segments = uploaded<int32_t>(device, labels, "labels");
  const auto sums = [&](int64_t lane_bytes) {
    return segment_block_sums(device, on_device.data(), segments.data(), rows, k, lane_bytes);
  };
  const auto expected = sums(kLaneBytes);
  ASSERT_EQ(expected.size(), 5u);
  Lanes first;
  for (int64_t i = 0; i < kBlockRows; ++i)
    if (labels[static_cast<size_t>(i)] == 7) first.lane[i % kLanes] += values[static_cast<size_t>(i)];
  EXPECT_EQ(expected[0][7], first.fold());
  stand_in::limit_memory(3 * 51'200 + 5 * k * 8);
  EXPECT_EQ(sums(1), expected);
  EXPECT_EQ(sums(3 * 51'200), expected);
  EXPECT_THROW(sums(5 * 51'200), Error);
  stand_in::limit_memory(-1);
}

TEST(Device, AnUnknownOneIsRefused) {
  try {
    const auto backend = make_cuda_backend(7);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::device);
    EXPECT_EQ(error.complaint().where, "cuda:7");
  }
}

TEST(Facts, NameTheDevice) {
  const CudaFacts facts = cuda_facts();
  EXPECT_TRUE(facts.built);
  EXPECT_EQ(facts.reason, "");
  EXPECT_EQ(facts.runtime, "13.0");
  ASSERT_EQ(facts.devices.size(), 1u);
  EXPECT_EQ(facts.devices[0].text, "stand-in for a GPU, compute 8.0, 1 GiB");
  EXPECT_EQ(facts.first_usable(), &facts.devices[0]);
}

TEST(Facts, KeepTheNumbersOfDevicesThatCannotBeUsed) {
  stand_in::set_devices({7, 0, 9});
  const CudaFacts facts = cuda_facts();
  stand_in::set_devices({7, 0});
  const CudaFacts none = cuda_facts();
  stand_in::set_devices({8});
  EXPECT_EQ(facts.reason, "");
  ASSERT_EQ(facts.devices.size(), 3u);
  EXPECT_EQ(facts.devices[0].reason, "older than compute capability 8.0");
  EXPECT_EQ(facts.devices[1].reason, "failure");
  ASSERT_NE(facts.first_usable(), nullptr);
  EXPECT_EQ(facts.first_usable()->index, 2);
  EXPECT_EQ(none.first_usable(), nullptr);
  EXPECT_NE(none.reason.find("older than compute capability 8.0"), std::string::npos) << none.reason;
}

TEST(Memory, WhatIsTakenIsNotFree) {
  const auto backend = make_cuda_backend(0);
  stand_in::limit_memory(1'000'000);
  const int64_t before = backend->facts().memory_bytes;
  const auto rows = backend->make_rows(0, 1000, 4, true, "normalised features");
  EXPECT_EQ(before - backend->facts().memory_bytes, backend->rows_bytes(1000, 4, true));
  backend->sample_ops().start_seeding(*rows);
  EXPECT_EQ(before - backend->facts().memory_bytes, backend->rows_bytes(1000, 4, true) + backend->seeding_bytes(1000));
  stand_in::limit_memory(-1);
  EXPECT_EQ(before, 1'000'000);
}

TEST(Rows, OfAnotherBackendAreRefused) {
  const auto one = make_cuda_backend(0);
  const auto other = make_cuda_backend(0);
  const auto rows = one->make_rows(0, 10, 2, false, "rows");
  EXPECT_THROW(other->assign_ops().clear_labels(*rows), Error);
}

TEST(Rows, AValueOutsideItsFixedPointRangeIsAnError) {
  const auto backend = make_cuda_backend(0);
  auto rows = backend->make_rows(0, 3, 1, false, "rows");
  const double values[] = {1, 2, 3};
  FeatureTransform identity;
  backend->column_ops().transform({values, 3, 1, 3}, {&identity, 1}, {}, *rows, 0);
  const double scale = 0x1p40;  // for |x| <= 1 only
  const float centroid = 0;
  auto pass = backend->assign_ops().start({&centroid, 1, 1}, {&scale, 1});
  pass->add(*rows);
  EXPECT_THROW(pass->finish(), Error);
  Int128 sum = 0;
  EXPECT_THROW(backend->assign_ops().square_sums(*rows, {&scale, 1}, {&sum, 1}), Error);
}

}  // namespace
}  // namespace clientele::gpu
