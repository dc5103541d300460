#include "cpu_backend.h"

#include <unistd.h>

#include <fstream>
#include <limits>
#include <string>

#include "candidates.h"
#include "clientele/compute/backends.h"
#include "row_order.h"

namespace clientele {
namespace {

/// "model name" of the first processor, or the machine's kind.
std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.rfind("model name", 0) != 0) continue;
    const size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "processor";
}

class CpuBackend final : public Backend {
 public:
  CpuBackend(ThreadPool& pool, SimdLevel level)
      : level_(level),
        cpu_{pool, kernels(level), extra_allowed_},
        column_(make_column_ops(cpu_)),
        assign_(make_assign_ops(cpu_)),
        sample_(make_sample_ops(cpu_)),
        pair_(make_pair_ops(cpu_)) {}

  BackendFacts facts() const override {
    return {.name = "cpu",
            .device = processor_name(),
            .simd = simd_name(level_),
            .threads = cpu_.pool.threads(),
            .memory_bytes = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGE_SIZE)};
  }

  std::unique_ptr<RowBlock> make_rows(int64_t first_row, int64_t rows, int d, bool weighted,
                                      const std::string& purpose) override {
    return std::make_unique<CpuRows>(first_row, rows, d, weighted, purpose);
  }
  std::unique_ptr<RowBlock> make_paged_rows(int64_t first_row, int64_t rows, int d, bool weighted,
                                            const std::string& purpose) override {
    return std::make_unique<CpuRows>(first_row, rows, d, weighted, purpose, true);
  }
  PageLayout page_layout(int d) const override {
    return {kTileRows, int64_t{d} * kTileRows * static_cast<int64_t>(sizeof(float))};
  }
  void lend_page(RowBlock& rows, std::byte* page) override { cpu_rows(rows).set_page(reinterpret_cast<float*>(page)); }
  int64_t rows_bytes(int64_t rows, int d, bool weighted) const override { return CpuRows::bytes(rows, d, weighted); }
  int64_t seeding_bytes(int64_t rows) const override { return rows * static_cast<int64_t>(sizeof(double)); }
  int64_t scratch_bytes(int64_t rows, int d, int) const override {
    return CpuRows::bounds_bytes(rows) + cpu_.pool.threads() * order_scratch_bytes(rows, d);
  }
  int64_t extra_bytes(int64_t rows, int d, int k) const override { return candidates_bytes(rows, k, d); }
  void allow_extra(int64_t bytes) override { extra_allowed_ = bytes; }

  ColumnOps& column_ops() override { return *column_; }
  AssignOps& assign_ops() override { return *assign_; }
  SampleOps& sample_ops() override { return *sample_; }
  PairOps& pair_ops() override { return *pair_; }

 private:
  SimdLevel level_;
  int64_t extra_allowed_ = std::numeric_limits<int64_t>::max();
  Cpu cpu_;
  std::unique_ptr<ColumnOps> column_;
  std::unique_ptr<AssignOps> assign_;
  std::unique_ptr<SampleOps> sample_;
  std::unique_ptr<PairOps> pair_;
};

}  // namespace

std::unique_ptr<Backend> make_cpu_backend(ThreadPool& pool, SimdLevel level) {
  return std::make_unique<CpuBackend>(pool, resolve(level));
}

}  // namespace clientele
