// What a job is expected to take.
#include "src/app/expected_time.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/support/forwarding_backend.h"

namespace clientele {
namespace {

constexpr auto kCopy = std::chrono::milliseconds(5);
constexpr int64_t kPageRows = 65536;
constexpr int kFeatures = 2;

/// Lends pages slowly.
class SlowCopies final : public test::ForwardingBackend {
 public:
  using ForwardingBackend::ForwardingBackend;
  void lend_page(RowBlock& rows, std::byte* page) override {
    if (page != nullptr) std::this_thread::sleep_for(kCopy);
    if (page != nullptr) in_place = in_place && page == pinned;
    own_.lend_page(rows, page);
  }
  bool pin(std::byte* memory, int64_t) override {
    pinned = memory;
    return true;
  }
  void unpin(std::byte*) noexcept override { pinned = nullptr; }

  std::byte* pinned = nullptr;
  bool in_place = true;  ///< pages that were lent were pinned
};

TEST(ExpectedTime, ARoundIsNoFasterThanItsCopies) {
  ThreadPool pool(1);
  const auto cpu = make_cpu_backend(pool);
  SlowCopies backend(*cpu);
  const int64_t page_bytes = backend.page_layout(kFeatures).bytes(kPageRows);
  Workload work{.size = {.rows = 8 * kPageRows, .d = kFeatures, .k = 2},
                .fits = 1,
                .iterations = 10,
                .max_iterations = 20,
                .copied_bytes = 8 * page_bytes,
                .page_rows = kPageRows};
  const Json time = expected_time(work, nullptr, backend, pool);
  EXPECT_GE(time["copy_pass_seconds"], 8 * 0.005);
  EXPECT_GE(time["iteration_seconds"], time["copy_pass_seconds"]);
  EXPECT_GE(time["expected_seconds"], 10 * 8 * 0.005);
  EXPECT_TRUE(backend.in_place);
  EXPECT_EQ(backend.pinned, nullptr);
  work.side_by_side = 4;
  const Json shared = expected_time(work, nullptr, backend, pool);
  EXPECT_GE(shared["iteration_seconds"], 2 * 0.005);
  work.copied_bytes = 0;
  EXPECT_FALSE(expected_time(work, nullptr, backend, pool).contains("copy_pass_seconds"));
}

}  // namespace
}  // namespace clientele
