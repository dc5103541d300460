// Passes over rows whose features lie in a scratch file.
#include "src/prep/row_pages.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <numeric>

#include "clientele/base/cancel.h"
#include "clientele/base/errors.h"
#include "tests/prep/workbench.h"
#include "tests/support/apart_backend.h"

namespace clientele {
namespace {

namespace fs = std::filesystem;

constexpr int kFeatures = 3;
constexpr int64_t kRows = 5 * kBlockRows + 777;

/// Bytes of one 65,536-row block of features.
int64_t block_bytes(const Backend& backend) {
  return backend.page_layout(kFeatures).bytes(kBlockRows);
}

RowBlocks streamed(Env& env, int64_t features_bytes, int64_t pages_bytes = 0) {
  env.memory = {.features_bytes = features_bytes,
                .pages_bytes = pages_bytes,
                .tables_bytes = 0,
                .scratch = fs::temp_directory_path().string()};
  RowBlocks rows;
  rows.total_rows = rows.rows = kRows;
  rows.d = kFeatures;
  make_blocks(rows, env);
  return rows;
}

/// Feature j of row r is r + j / 4.
void fill(RowBlocks& rows, Env& env) {
  std::vector<FeatureTransform> identity(kFeatures);
  for (int j = 0; j < kFeatures; ++j) identity[static_cast<size_t>(j)].source = j;
  rows.each(
      [&](RowBlock& block) {
        std::vector<double> values(static_cast<size_t>(block.rows() * kFeatures));
        for (int64_t i = 0; i < block.rows(); ++i)
          for (int64_t j = 0; j < kFeatures; ++j)
            values[static_cast<size_t>(j * block.rows() + i)] =
                static_cast<double>(block.first_row() + i) + static_cast<double>(j) / 4;
        env.backend.column_ops().transform({values.data(), block.rows(), kFeatures, block.rows()}, identity, {}, block,
                                           0);
      },
      Features::fill);
}

/// All values of one row, whichever block it lies in.
std::vector<float> row_of(const RowBlocks& rows, int64_t row, Env& env) {
  std::vector<float> out(kFeatures);
  const auto own = [&](const RowBlock& block) {
    return row >= block.first_row() && row < block.first_row() + block.rows();
  };
  rows.each(
      [&](const RowBlock& block) {
        if (!own(block)) return;
        const std::vector<int64_t> local = {row - block.first_row()};
        env.backend.sample_ops().fetch(block, local, {out.data(), 1, kFeatures});
      },
      [&](const RowBlock& block, std::vector<LocalRows>& wanted) {
        if (own(block)) wanted.push_back({row - block.first_row(), row - block.first_row() + 1});
      });
  return out;
}

class RowPagesTest : public testing::Test {
 protected:
  std::unique_ptr<Comm> comm_ = make_single_comm();
  Workbench bench_{*comm_, {.threads = 2}};
  Env& env_ = bench_.env;
};

TEST_F(RowPagesTest, PlanKeepsWithinTheLimit) {
  const Backend& backend = env_.backend;
  const int64_t all = backend.page_layout(kFeatures).bytes(kRows), one = block_bytes(backend);
  const BlockPlan resident = plan_blocks(backend, kRows, kFeatures, 0, {.features_bytes = all, .scratch = {}}, 2);
  EXPECT_EQ(resident.pages, 0);
  EXPECT_EQ(resident.block_rows, kRows);
  EXPECT_EQ(resident.features_bytes, all);
  EXPECT_EQ(plan_blocks(backend, kRows, kFeatures, 0, {}, 2).pages, 0);
  for (int64_t limit = least_features_bytes(backend, kRows, kFeatures); limit < all; limit += one / 3) {
    SCOPED_TRACE(limit);
    const BlockPlan plan = plan_blocks(backend, kRows, kFeatures, 0, {.features_bytes = limit, .scratch = {}}, 2);
    EXPECT_GE(plan.pages, 2);
    EXPECT_LE(plan.features_bytes, limit);
    EXPECT_EQ(plan.block_rows % kBlockRows, 0);
    EXPECT_LT(plan.resident_rows, kRows);
    EXPECT_GE(plan.scratch_bytes + plan.resident_rows / kBlockRows * one, all);
  }
  // A block size that was asked for stands, unless two such blocks do not fit.
  const auto asked = [&](int64_t limit) {
    return plan_blocks(backend, kRows, kFeatures, 2 * kBlockRows, {.features_bytes = limit, .scratch = {}}, 2)
        .block_rows;
  };
  EXPECT_EQ(asked(5 * one), 2 * kBlockRows);
  EXPECT_EQ(asked(3 * one), kBlockRows);
}

TEST_F(RowPagesTest, PartsAreWholeUnitsAndCloseOnesAreOne) {
  const PageLayout layout{16, 1024};
  const auto parts = [&](std::vector<LocalRows> wanted) {
    std::vector<std::pair<int64_t, int64_t>> out;
    for (const PagePart& part : page_parts(layout, 100'000, wanted)) out.emplace_back(part.offset, part.bytes);
    return out;
  };
  using Parts = std::vector<std::pair<int64_t, int64_t>>;
  EXPECT_EQ(parts({}), Parts());
  EXPECT_EQ(parts({{0, 1}}), (Parts{{0, 4096}}));
  EXPECT_EQ(parts({{63, 65}}), (Parts{{0, 8192}}));
  EXPECT_EQ(parts({{0, 1}, {200, 201}}), (Parts{{0, 16384}}));
  EXPECT_EQ(parts({{0, 1}, {50'000, 50'001}}), (Parts{{0, 4096}, {3'198'976, 4096}}));
  EXPECT_EQ(parts({{99'999, 100'000}}), (Parts{{6'397'952, 4096}}));  // 6,400,000 made up to a unit
  EXPECT_EQ(parts({{0, 100'000}}), (Parts{{0, 6'402'048}}));
}

TEST_F(RowPagesTest, EveryRowComesBackUnderEveryLimit) {
  const int64_t one = block_bytes(env_.backend);
  for (const int64_t limit : {2 * one, 3 * one, 4 * one, 5 * one}) {
    RowBlocks rows = streamed(env_, limit);
    ASSERT_NE(rows.pages, nullptr);
    fill(rows, env_);
    int64_t next = 0;
    rows.each([&](RowBlock& block) {
      EXPECT_EQ(block.first_row(), next);
      next += block.rows();
      std::vector<int64_t> local(static_cast<size_t>(block.rows()));
      std::iota(local.begin(), local.end(), int64_t{0});
      std::vector<float> values(local.size() * kFeatures);
      env_.backend.sample_ops().fetch(block, local, {values.data(), block.rows(), kFeatures});
      int64_t wrong = 0;
      for (size_t i = 0; i < values.size(); ++i)
        wrong += values[i] !=
                 static_cast<float>(static_cast<double>(block.first_row() + static_cast<int64_t>(i / kFeatures)) +
                                    static_cast<double>(i % kFeatures) / 4);
      EXPECT_EQ(wrong, 0);
    });
    EXPECT_EQ(next, kRows);
  }
}

TEST_F(RowPagesTest, ChangesStay) {
  RowBlocks rows = streamed(env_, 2 * block_bytes(env_.backend));
  fill(rows, env_);
  const std::vector<double> means = {1, 2, 3};
  rows.each([&](RowBlock& block) { env_.backend.column_ops().centre(block, means); }, Features::change);
  rows.each([&](RowBlock& block) { env_.backend.column_ops().centre(block, means); }, Features::read);  // lost again
  EXPECT_EQ(row_of(rows, kRows - 1, env_), (std::vector<float>{kRows - 2, kRows - 3 + 0.25f, kRows - 4 + 0.5f}));
}

TEST_F(RowPagesTest, OnlyWhatIsWantedIsRead) {
  RowBlocks rows = streamed(env_, 2 * block_bytes(env_.backend));
  fill(rows, env_);
  EXPECT_EQ(rows.traffic().bytes_read, 0);
  const int64_t written = rows.traffic().bytes_written;
  EXPECT_GE(written, kRows * kFeatures * 4);
  rows.each([](RowBlock&) {}, Features::unused);
  EXPECT_EQ(rows.traffic().blocks_read, 0);
  EXPECT_EQ(row_of(rows, 3 * kBlockRows + 5, env_)[1], static_cast<float>(3 * kBlockRows + 5) + 0.25f);
  EXPECT_EQ(rows.traffic().blocks_read, 1);
  EXPECT_EQ(rows.traffic().blocks_skipped, 5);
  EXPECT_EQ(rows.traffic().bytes_read, 4096);
  int seen = 0;
  rows.each_until([&](const RowBlock&) { return ++seen == 2; });
  EXPECT_EQ(seen, 2);
  EXPECT_EQ(rows.traffic().bytes_written, written);
}

TEST_F(RowPagesTest, AFaultInABodyEndsThePass) {
  RowBlocks rows = streamed(env_, 3 * block_bytes(env_.backend));
  fill(rows, env_);
  for (int at = 0; at < 6; ++at) {
    int seen = 0;
    const auto body = [&](RowBlock&) {
      if (seen++ == at) throw Error(ErrorKind::interrupted, {.what = "enough"});
    };
    EXPECT_THROW(rows.each(body, Features::change), Error);
    EXPECT_EQ(seen, at + 1);
  }
  EXPECT_EQ(row_of(rows, 9, env_)[0], 9.0f);
}

/// A disk that fails in the middle of a pass: the scratch file is cut behind the program's back.
TEST_F(RowPagesTest, AFaultOfTheDiskIsSaid) {
  RowBlocks rows = streamed(env_, 2 * block_bytes(env_.backend));
  fill(rows, env_);
  int descriptor = -1;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code fault;
    const std::string target = fs::read_symlink(entry.path(), fault).string();
    if (target.starts_with(fs::temp_directory_path().string()) && target.ends_with("(deleted)"))
      descriptor = std::stoi(entry.path().filename().string());
  }
  if (descriptor < 0) GTEST_SKIP() << "this system does not list files without a name";
  ASSERT_EQ(::ftruncate(descriptor, 2 * block_bytes(env_.backend) + 4096), 0);
  int seen = 0;
  try {
    rows.each([&](RowBlock&) { ++seen; });
    ADD_FAILURE() << "nothing thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::files);
  }
  EXPECT_LE(seen, 2);
}

TEST_F(RowPagesTest, ACancelEndsAPassBeforeTheNextBlock) {
  RowBlocks rows = streamed(env_, 3 * block_bytes(env_.backend));
  fill(rows, env_);
  for (const Features use : {Features::read, Features::unused}) {
    int seen = 0;
    const auto body = [&](RowBlock&) {
      ++seen;
      request_cancel(SIGTERM);
    };
    try {
      rows.each(body, use);
      ADD_FAILURE() << "the pass went on";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::terminated);
    }
    request_cancel(0);
    EXPECT_EQ(seen, 1);
  }
  EXPECT_EQ(row_of(rows, kRows - 1, env_)[0], static_cast<float>(kRows - 1));
}

/// Pages that the backend copies to memory of its own: those of all blocks, or a few and a scratch file.
class CopiedPagesTest : public testing::Test {
 protected:
  std::unique_ptr<Comm> comm_ = make_single_comm();
  ThreadPool pool_{2};
  test::ApartBackend backend_{make_cpu_backend(pool_)};
  SilentProgress progress_;
  Env env_{pool_, backend_, *comm_, progress_, 0, 8192, {}};
};

TEST_F(CopiedPagesTest, PlanSharesTwoMemories) {
  const int64_t all = backend_.page_layout(kFeatures).bytes(kRows), one = block_bytes(backend_);
  const auto plan = [&](int64_t near, int64_t host) {
    return plan_blocks(backend_, kRows, kFeatures, kBlockRows,
                       {.features_bytes = near, .pages_bytes = host, .scratch = {}}, 2);
  };
  EXPECT_EQ(plan(all, 1).pages, 0);
  EXPECT_EQ(plan(all, 1).pages_bytes, 0);
  for (int64_t near = 2 * one; near < all; near += one / 3) {
    SCOPED_TRACE(near);
    const BlockPlan held = plan(near, all + one), unlimited = plan(near, 0);
    EXPECT_TRUE(held.held());
    EXPECT_LE(held.features_bytes, near);
    EXPECT_EQ(held.resident_rows, (near / one - 2) * kBlockRows);
    EXPECT_EQ(held.pages, 6 - (near / one - 2));
    EXPECT_EQ(held.pages_bytes, held.pages * one);
    EXPECT_EQ(unlimited.pages, held.pages);
    for (const int64_t host : {2 * one, 3 * one, held.pages_bytes - 1}) {
      if (host >= held.pages_bytes) continue;
      const BlockPlan filed = plan(near, host);
      EXPECT_FALSE(filed.held());
      EXPECT_EQ(filed.scratch_bytes, held.pages_bytes);
      EXPECT_EQ(filed.features_bytes, held.features_bytes);
      EXPECT_LE(filed.pages_bytes, host);
    }
  }
}

TEST_F(CopiedPagesTest, CopiesTakeTheirShareAndAllRowsOnPagesHaveOne) {
  const int64_t all = backend_.page_layout(kFeatures).bytes(kRows), one = block_bytes(backend_);
  backend_.copy_bytes = one / kBlockRows / 3;
  const int64_t copy = backend_.copy_bytes * kBlockRows, least = 2 * one + 6 * copy;
  const auto plan = [&](int64_t near, int k, int64_t host = 0) {
    return plan_blocks(backend_, kRows, kFeatures, 0,
                       {.features_bytes = near, .pages_bytes = host, .compressed_k = k, .scratch = {}}, 2);
  };
  EXPECT_EQ(plan(all, 2).compressed_bytes, 0);
  for (const int64_t near : {least, least + one - copy - 1, least + one - copy, all - 1}) {
    SCOPED_TRACE(near);
    const BlockPlan copied = plan(near, 2), plain = plan(near, 0), filed = plan(near, 2, 2 * one);
    const int64_t resident = copied.resident_rows / copied.block_rows;
    EXPECT_EQ(copied.compressed_bytes, (6 - resident) * copy);
    EXPECT_EQ(copied.features_bytes, (2 + resident) * one + copied.compressed_bytes);
    EXPECT_LE(copied.features_bytes, near);
    EXPECT_GT(copied.features_bytes + one - copy, near);
    EXPECT_EQ(copied.pages, 6 - resident);
    EXPECT_TRUE(copied.held());
    EXPECT_EQ(plain.compressed_bytes, 0);
    EXPECT_LE(resident, plain.resident_rows / plain.block_rows);
    EXPECT_EQ(filed.compressed_bytes, copied.compressed_bytes);
    EXPECT_EQ(filed.scratch_bytes, copied.pages * one);
  }
  const BlockPlan tight = plan(least - 1, 2), streamed = plan(least - 1, 0);
  EXPECT_EQ(tight.compressed_bytes, 0);
  EXPECT_EQ(tight.resident_rows, streamed.resident_rows);
  EXPECT_EQ(tight.features_bytes, streamed.features_bytes);
}

TEST_F(CopiedPagesTest, CopiesThatFindNoMemoryAreGivenUpWithAWarning) {
  const int64_t one = block_bytes(backend_);
  backend_.copy_bytes = one / kBlockRows / 3;
  for (const int can_copy : {1000, 3, 0}) {
    SCOPED_TRACE(can_copy);
    backend_.can_copy = can_copy;
    env_.warnings.clear();
    env_.memory = {.features_bytes = 4 * one, .compressed_k = 2, .scratch = {}};
    RowBlocks rows;
    rows.total_rows = rows.rows = kRows;
    rows.d = kFeatures;
    make_blocks(rows, env_);
    EXPECT_EQ(backend_.copied_now, can_copy == 1000 ? 6 : 0);
    EXPECT_EQ(env_.warnings.size(), can_copy == 1000 ? 0u : 1u);
    EXPECT_EQ(rows.traffic().compressed_bytes > 0, can_copy == 1000) << "what is kept";
    for (const auto& block : rows.blocks) backend_.keep_compressed(*block, false);
  }
}

TEST_F(CopiedPagesTest, EveryRowComesBackFromMemoryOrFile) {
  const int64_t one = block_bytes(backend_);
  for (const int64_t host : {int64_t{0}, 3 * one}) {
    for (const int can_pin : {1000, 1, 0}) {
      SCOPED_TRACE(std::to_string(host) + " " + std::to_string(can_pin));
      backend_.can_pin = can_pin;
      RowBlocks rows = streamed(env_, 3 * one, host);
      fill(rows, env_);
      EXPECT_EQ(backend_.pinned_now, std::min<int>(can_pin, host == 0 ? 5 : 3));
      EXPECT_EQ(rows.traffic().pinned, can_pin == 1000);
      EXPECT_GE(rows.traffic().bytes_written, 4 * one);
      const std::vector<double> means = {1, 2, 3};
      rows.each([&](RowBlock& block) { env_.backend.column_ops().centre(block, means); }, Features::change);
      for (const int64_t row : {int64_t{0}, kBlockRows - 1, 2 * kBlockRows, kRows - 1}) {
        const float x = static_cast<float>(row);
        EXPECT_EQ(row_of(rows, row, env_), (std::vector<float>{x - 1, x - 2 + 0.25f, x - 3 + 0.5f}));
      }
      EXPECT_GT(rows.traffic().blocks_skipped, 4);
      int seen = 0;
      rows.each_until([&](const RowBlock&) { return ++seen == 2; });
      EXPECT_EQ(seen, 2);
    }
    EXPECT_EQ(backend_.pinned_now, 0);
  }
}

}  // namespace
}  // namespace clientele
