// Sizes as people write them, and what a memory limit comes to.
#include "src/app/memory_plan.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "clientele/base/canonical.h"
#include "clientele/base/errors.h"
#include "clientele/compute/backends.h"
#include "src/app/byte_size.h"
#include "tests/support/apart_backend.h"

namespace clientele {
namespace {

TEST(ByteSize, ReadsWhatPeopleWrite) {
  EXPECT_EQ(parse_byte_size("1000000"), 1'000'000);
  EXPECT_EQ(parse_byte_size("500MB"), 500'000'000);
  EXPECT_EQ(parse_byte_size("500 mb"), 500'000'000);
  EXPECT_EQ(parse_byte_size("8GiB"), int64_t{8} << 30);
  EXPECT_EQ(parse_byte_size("1.5g"), int64_t{3} << 29);
  EXPECT_EQ(parse_byte_size("64k"), 65536);
  EXPECT_EQ(parse_byte_size("2TiB"), int64_t{2} << 40);
  for (const char* wrong : {"", "GB", "-1GB", "0", "8 G B", "8GBs", "1e400", "nan", "inf", "0.4", "8EiB", "9999999TiB"})
    EXPECT_FALSE(parse_byte_size(wrong)) << wrong;
}

constexpr int64_t kMiB = int64_t{1} << 20;

MemoryPlan plan(int64_t limit, int64_t rows, int d, const Backend& backend) {
  return plan_memory({limit, true}, {.base_bytes = 20 * kMiB, .columns = d, .threads = 2},
                     {.rows = rows, .d = d, .k = 8, .seeded = true}, backend);
}

TEST(MemoryPlan, ListsTakeWhatIsLeft) {
  ThreadPool pool(2);
  const auto backend = make_cpu_backend(pool);
  const Footprint need{.rows = 1'000'000, .d = 64, .k = 256};
  const auto under = [&](int64_t limit) {
    return plan_memory({limit, true}, {.base_bytes = 20 * kMiB, .columns = 64, .threads = 2}, need, *backend);
  };
  const int64_t lists = backend->extra_bytes(need.rows, need.d, need.k);
  ASSERT_GT(lists, 30 * kMiB);
  const MemoryPlan ample = under(2000 * kMiB);
  EXPECT_EQ(ample.extra_bytes, lists);
  const MemoryPlan tight = under(ample.peak_bytes - 1);
  EXPECT_EQ(tight.extra_bytes, 0);
  EXPECT_FALSE(tight.streamed()) << "rows matter more than lists";
  EXPECT_LT(tight.peak_bytes, ample.peak_bytes);
  EXPECT_EQ(under(ample.peak_bytes).extra_bytes, lists);
  EXPECT_EQ(under(100 * kMiB).extra_bytes, 0) << "streamed rows have none";
}

TEST(MemoryPlan, StreamsWhatDoesNotFitAndRefusesWhatCannot) {
  ThreadPool pool(2);
  const auto backend = make_cpu_backend(pool);
  constexpr int64_t kRows = 1'000'000;
  const MemoryPlan ample = plan(2000 * kMiB, kRows, 64, *backend);
  EXPECT_FALSE(ample.streamed());
  EXPECT_TRUE(ample.fits());
  EXPECT_GT(ample.peak_bytes, kRows * 64 * 4);
  EXPECT_EQ(ample.share("here").features_bytes, 0);

  int64_t smallest = ample.least_bytes;
  for (const int64_t limit : {smallest, smallest + kMiB, 150 * kMiB, 200 * kMiB, 250 * kMiB}) {
    SCOPED_TRACE(limit);
    const MemoryPlan tight = plan(limit, kRows, 64, *backend);
    EXPECT_TRUE(tight.streamed());
    EXPECT_TRUE(tight.fits());
    EXPECT_LE(tight.peak_bytes, limit);
    EXPECT_GT(tight.share("here").features_bytes, 0);
    EXPECT_EQ(tight.share("here").scratch, "here");
    refuse_too_little(tight, {.rows = kRows, .d = 64});
  }
  const MemoryPlan hopeless = plan(smallest - 1, kRows, 64, *backend);
  EXPECT_FALSE(hopeless.fits());
  try {
    refuse_too_little(hopeless, {.rows = kRows, .d = 64});
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::device);
    EXPECT_EQ(error.complaint().where, "run.memory");
  }
}

TEST(MemoryPlan, KnowsJobsWithoutFeatures) {
  ThreadPool pool(2);
  const auto backend = make_cpu_backend(pool);
  const MemoryPlan none = plan(200 * kMiB, 1000, 0, *backend);  // cleaning refuses it later
  EXPECT_TRUE(none.fits());
  EXPECT_FALSE(none.streamed());
}

TEST(MemoryPlan, PutsAsManyFitsSideBySideAsLabelsHaveRoomFor) {
  ThreadPool pool(2);
  const auto backend = make_cpu_backend(pool);
  constexpr int64_t kRows = 4'000'000;
  const auto sweep = [&](int64_t limit, int64_t fits) {
    return plan_memory({limit, true}, {.base_bytes = 20 * kMiB, .columns = 32, .threads = 2},
                       {.rows = kRows, .d = 32, .k = 20, .fits = fits, .seeded = true}, *backend);
  };
  const int64_t set = label_set_bytes({.rows = kRows, .d = 32, .k = 20}, *backend);
  EXPECT_GT(set, kRows * 6);
  EXPECT_LT(set, kRows * 10);
  const MemoryPlan alone = sweep(400 * kMiB, 1);
  ASSERT_TRUE(alone.streamed());
  EXPECT_EQ(alone.side_by_side, 1);
  int64_t most = 1;
  for (const int64_t limit : {alone.least_bytes, 200 * kMiB, 300 * kMiB, 400 * kMiB, 500 * kMiB}) {
    SCOPED_TRACE(limit);
    const MemoryPlan plan = sweep(limit, 19), one = sweep(limit, 1);
    EXPECT_TRUE(plan.streamed());
    EXPECT_TRUE(plan.fits());
    EXPECT_LE(plan.peak_bytes, limit);
    EXPECT_EQ(plan.least_bytes, one.least_bytes);
    EXPECT_EQ(plan.blocks.block_rows, one.blocks.block_rows);
    EXPECT_EQ(plan.fitting_bytes, one.fitting_bytes + (plan.side_by_side - 1) * set) << "no sample is drawn here";
    most = std::max(most, plan.side_by_side);
  }
  EXPECT_GE(most, 7);
  EXPECT_EQ(sweep(2000 * kMiB, 19).side_by_side, 1) << "resident rows are fitted one k at a time";
}

TEST(MemoryPlan, DecodedChunksTakeWhatTheLimitLeaves) {
  ThreadPool pool(2);
  const auto backend = make_cpu_backend(pool);
  constexpr int64_t kRows = 3'000'000;
  constexpr int kColumns = 24;
  const ReadCache::Needs needs{.calls_bytes = 16 * kMiB, .row_bytes = 24 * kMiB, .wish_bytes = 270 * kMiB};
  const auto planned = [&](int64_t limit, const ReadCache::Needs& reading) {
    return plan_memory({limit, true}, {.base_bytes = 20 * kMiB, .columns = kColumns, .threads = 2, .reading = reading},
                       {.rows = kRows, .d = kColumns, .k = 8, .seeded = true}, *backend);
  };
  const int64_t least = planned(kMiB, needs).least_bytes;
  const int64_t resident = planned(4000 * kMiB, {}).peak_bytes;
  for (int64_t limit = least; limit < 4 * resident; limit += resident / 7) {
    SCOPED_TRACE(limit);
    const MemoryPlan plan = planned(limit, needs), without = planned(limit, {});
    EXPECT_TRUE(plan.fits());
    EXPECT_LE(plan.peak_bytes, limit);
    EXPECT_GE(plan.cache_bytes, needs.row_bytes);
    EXPECT_LE(plan.cache_bytes, needs.wish_bytes);
    EXPECT_GE(plan.reading_bytes, without.reading_bytes + plan.cache_bytes + needs.calls_bytes);
    if (limit >= resident + needs.calls_bytes + 2 * needs.row_bytes) {
      EXPECT_FALSE(plan.streamed());
    }
  }
  EXPECT_EQ(planned(64000 * kMiB, needs).cache_bytes, needs.wish_bytes);
}

TEST(MemoryPlan, WritesRowsOfAllClientsAndResamplesOnEachThread) {
  ThreadPool pool(2);
  const auto backend = make_cpu_backend(pool);
  const auto peak = [&](int64_t input_rows, int64_t resample_rows, int64_t threads) {
    return plan_memory({64000 * kMiB, true},
                       {.base_bytes = 0,
                        .columns = 1,
                        .threads = threads,
                        .input_rows = input_rows,
                        .resample_rows = resample_rows},
                       {.rows = 100'000, .d = 1, .k = 8}, *backend)
        .peak_bytes;
  };
  EXPECT_GE(peak(200'000'000, 0, 1), 200'000'000 * int64_t{16});
  EXPECT_GE(peak(100'000, 100'000, 64), 64 * int64_t{100'000} * 64);
  EXPECT_LT(peak(100'000, 0, 64), 64 * int64_t{100'000} * 64);
}

TEST(MemoryPlan, AGpuKeepsWhatItCanAndTheHostTheRest) {
  ThreadPool pool(2);
  const test::ApartBackend backend(make_cpu_backend(pool));
  constexpr int64_t kRows = 1'000'000, kFeatures = kRows * 64 * 4;
  const auto planned = [&](int64_t host, int64_t device, int64_t fits = 1) {
    return plan_memory({host, true}, {.base_bytes = 20 * kMiB, .columns = 64, .threads = 2, .device_bytes = device},
                       {.rows = kRows, .d = 64, .k = 8, .fits = fits, .seeded = true}, backend);
  };
  const MemoryPlan resident = planned(2000 * kMiB, 2000 * kMiB);
  EXPECT_FALSE(resident.streamed());
  EXPECT_EQ(resident.device_bytes(), Footprint({.rows = kRows, .d = 64, .k = 8, .seeded = true}).bytes(backend));
  EXPECT_LT(resident.peak_bytes, kFeatures);
  EXPECT_EQ(regime_text(resident), "resident on the GPU");
  for (const int64_t device : {resident.device_bytes() - 1, 200 * kMiB, 100 * kMiB}) {
    SCOPED_TRACE(device);
    const MemoryPlan held = planned(2000 * kMiB, device), filed = planned(150 * kMiB, device);
    EXPECT_TRUE(held.fits() && filed.fits());
    EXPECT_LE(held.device_bytes(), device);
    EXPECT_LE(filed.device_bytes(), device);
    EXPECT_GE(held.device_bytes() + held.blocks.pages_bytes, kFeatures);
    EXPECT_EQ(regime_text(held), "streamed: features in the host's memory, copied to the GPU once a pass");
    if (device > 200 * kMiB) continue;  // there the host has room for the few pages
    EXPECT_EQ(regime_text(filed), "streamed: features in a scratch file, read and copied to the GPU once a pass");
    EXPECT_LE(filed.peak_bytes, 150 * kMiB);
    EXPECT_GT(filed.share("here").pages_bytes, 0);
    const MemoryPlan sweep = planned(2000 * kMiB, device, 19);
    EXPECT_LE(sweep.device_bytes(), device);
    EXPECT_GT(sweep.side_by_side, 1);
  }
  EXPECT_FALSE(planned(planned(kMiB, 100 * kMiB).least_bytes - 1, 100 * kMiB).fits());
}

TEST(MemoryPlan, AGpuKeepsCompressedRowsWhereTheyFit) {
  ThreadPool pool(2);
  test::ApartBackend backend(make_cpu_backend(pool));
  backend.copy_bytes = 64 * 2 + 4;
  constexpr int64_t kRows = 1'000'000;
  const auto planned = [&](int64_t device, int64_t fits = 1, bool weighted = false, int k = 8,
                           int64_t host = 2000 * kMiB) {
    return plan_memory({host, true}, {.base_bytes = 20 * kMiB, .columns = 64, .threads = 2, .device_bytes = device},
                       {.rows = kRows, .d = 64, .weighted = weighted, .k = k, .fits = fits, .seeded = true}, backend);
  };
  const PageLayout layout = backend.page_layout(64);
  const int64_t beside = Footprint({.rows = kRows, .d = 64, .k = 8, .seeded = true}).beside_features(backend);
  const int64_t blocks = (kRows + kBlockRows - 1) / kBlockRows;
  const int64_t tables = planned(beside + layout.bytes(kRows) - 1).page_tables;
  const int64_t least = beside + tables + 2 * layout.bytes(kBlockRows) + blocks * kBlockRows * backend.copy_bytes;
  const int64_t all = beside + layout.bytes(kRows);
  ASSERT_LT(least, all - 30 * kMiB);
  EXPECT_EQ(planned(all).blocks.compressed_bytes, 0);
  for (const int64_t device : {all - 1, all - 30 * kMiB, least}) {
    SCOPED_TRACE(device);
    const MemoryPlan plan = planned(device), filed = planned(device, 1, false, 8, 150 * kMiB);
    EXPECT_TRUE(plan.compressed() && plan.streamed() && plan.fits());
    EXPECT_LE(plan.device_bytes(), device);
    EXPECT_EQ(regime_text(plan),
              "compressed on the GPU, features in the host's memory: read where the compressed ones do not decide");
    EXPECT_EQ(plan.share("here").compressed_k, 8);
    EXPECT_EQ(memory_json(plan)["compressed_bytes"], plan.blocks.compressed_bytes);
    EXPECT_EQ(plan.host_features(), plan.blocks.pages * plan.blocks.page_bytes);
    if (!filed.blocks.held()) {  // else the host has room for the few pages
      EXPECT_EQ(regime_text(filed),
                "compressed on the GPU, features in a scratch file: read where the compressed ones do not decide");
    }
    EXPECT_TRUE(device > least || !filed.blocks.held());
    EXPECT_EQ(regime_record(filed, {.compressed_bytes = 7})["compressed_bytes"], 7)
        << "what was kept, not what was planned";
    for (const MemoryPlan& streamed : {planned(device, 19), planned(device, 1, true), planned(device, 1, false, 1)}) {
      EXPECT_FALSE(streamed.compressed());
      EXPECT_EQ(streamed.share("here").compressed_k, 0);
    }
  }
  EXPECT_EQ(regime_text(planned(least - 1)), "streamed: features in the host's memory, copied to the GPU once a pass");
}

TEST(MemoryPlan, LimitIsWhatWasAskedForOrAShareOfWhatIsFree) {
  RunSpec spec;
  EXPECT_FALSE(memory_limit(spec).given);
  EXPECT_GT(memory_limit(spec).bytes, kMiB);
  spec.memory = "300MB";
  EXPECT_TRUE(memory_limit(spec).given);
  EXPECT_EQ(memory_limit(spec).bytes, 300'000'000);
}

TEST(MemoryPlan, AGpusSetOfLabelsTakesNoBounds) {
  ThreadPool pool(2);
  const test::ApartBackend backend(make_cpu_backend(pool));
  EXPECT_EQ(label_set_bytes({.rows = 1'000'000, .d = 64, .k = 8}, backend), 4'000'000);
}

TEST(MemoryPlan, FeaturesOnAGpuLeaveTheHostsMemoryToTables) {
  ThreadPool pool(2);
  const test::ApartBackend backend(make_cpu_backend(pool));
  constexpr int64_t kRows = 1'000'000;
  const auto planned = [&](int64_t device) {
    return plan_memory({300 * kMiB, true},
                       {.base_bytes = 20 * kMiB, .columns = 64, .threads = 2, .device_bytes = device},
                       {.rows = kRows, .d = 64, .k = 8, .seeded = true}, backend);
  };
  EXPECT_GT(planned(2000 * kMiB).search_bytes, 200 * kMiB);
  const MemoryPlan held = planned(150 * kMiB);
  ASSERT_TRUE(held.streamed());
  ASSERT_GT(held.host_features(), 0);
  EXPECT_LE(held.base_bytes + held.slots_bytes + held.cache_bytes + held.host_features() + held.search_bytes,
            300 * kMiB);
}

TEST(MemoryPlan, AGpuReachesThePagesByTables) {
  ThreadPool pool(2);
  const test::ApartBackend backend(make_cpu_backend(pool));
  const Footprint need{.rows = 1'000'000, .d = 64, .k = 8, .seeded = true};
  const auto planned = [&](int64_t host, int64_t device) {
    return plan_memory({host, true}, {.base_bytes = 20 * kMiB, .columns = 64, .threads = 2, .device_bytes = device},
                       need, backend);
  };
  const int64_t all = need.bytes(backend);
  EXPECT_EQ(planned(2000 * kMiB, all).page_tables, 0);
  EXPECT_EQ(planned(2000 * kMiB, all - 1).page_tables, backend.page_layout(64).bytes(need.rows) / 256);
  EXPECT_EQ(planned(150 * kMiB, all - 1).page_tables, 150 * kMiB / 256) << "the host's memory has no more pages";
  const MemoryPlan plan = planned(2000 * kMiB, all - 1);
  EXPECT_EQ(plan.device_bytes(), need.beside_features(backend) + plan.blocks.features_bytes + plan.page_tables);
  EXPECT_LE(plan.device_bytes(), all - 1);
}

TEST(MemoryPlan, OnlyFeaturesThatAreMadeOnDemandNeedNoPagesOfTheirOwn) {
  ThreadPool pool(2);
  const test::ApartBackend backend(make_cpu_backend(pool));
  const auto scored = [&](bool on_demand) {
    return plan_memory({2000 * kMiB, true},
                       {.base_bytes = 20 * kMiB,
                        .columns = 64,
                        .threads = 2,
                        .device_bytes = 150 * kMiB,
                        .clustered = false,
                        .on_demand = on_demand},
                       {.rows = 1'000'000, .d = 64, .k = 8}, backend);
  };
  const MemoryPlan made = scored(true), kept = scored(false);
  EXPECT_TRUE(made.streamed() && kept.streamed());
  EXPECT_EQ(made.blocks.pages, 2);
  EXPECT_TRUE(kept.blocks.held()) << "no scratch file while the host has room";
  EXPECT_EQ(kept.fitting_bytes, 0);
  EXPECT_LE(kept.peak_bytes, 2000 * kMiB);
}

TEST(MemoryPlan, AFootprintIsThatOfTheJobsStartsAndSizes) {
  ClusterSpec spec;
  spec.k = {2, 10};
  spec.restarts = 25;
  const Footprint raced = footprint_of(1000, 3, true, spec);
  EXPECT_TRUE(raced.seeded && raced.weighted);
  EXPECT_EQ(raced.k, 10);
  EXPECT_EQ(raced.fits, 9);
  EXPECT_EQ(raced.sample_rows, 65'536);
  EXPECT_EQ(raced.heat_rows, 8192);
  EXPECT_EQ(raced.starts, 10) << "more wait for their turn";
  EXPECT_EQ(raced.size_rows, 0);
  spec.init = "kmeans++_full";
  spec.min_size = 0.01;
  const Footprint full = footprint_of(1000, 3, true, spec);
  EXPECT_EQ(full.sample_rows, 0);
  EXPECT_EQ(full.heat_rows, 0);
  EXPECT_EQ(full.starts, 1);
  EXPECT_EQ(full.size_rows, 4096);
}

TEST(MemoryPlan, TheSampleOfTheMinimumSizeIsPlannedFor) {
  ThreadPool pool(2);
  const auto own = make_cpu_backend(pool);
  const test::ApartBackend apart(make_cpu_backend(pool));
  for (const Backend* backend : {static_cast<const Backend*>(own.get()), static_cast<const Backend*>(&apart)}) {
    const auto planned = [&](int64_t size_rows) {
      return plan_memory({2000 * kMiB, true},
                         {.base_bytes = 20 * kMiB, .columns = 64, .threads = 2, .device_bytes = 2000 * kMiB},
                         {.rows = 100'000, .d = 64, .k = 8, .size_rows = size_rows}, *backend);
    };
    const MemoryPlan without = planned(0), with = planned(65'536);
    EXPECT_GE(with.fitting_bytes - without.fitting_bytes, 65'536 * int64_t{64} * 12);
    EXPECT_EQ(with.device_bytes() > without.device_bytes(), with.on_gpu);
  }
}

}  // namespace
}  // namespace clientele
