// How many rows of features a memory limit leaves in memory, and the passes over all of them.
#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "clientele/base/canonical.h"
#include "clientele/base/scratch_file.h"
#include "clientele/prep/row_blocks.h"
#include "row_pages.h"

namespace clientele {
namespace {

/// One worked on, one read, one on its way to or from the disk.
constexpr int kPages = 3;
constexpr int kLeastPages = 2;
/// Larger pages read no faster.
constexpr int64_t kLargePage = int64_t{64} << 20;

int64_t page_size(const PageLayout& layout, int64_t rows) {
  const int64_t unit = ScratchFile::kUnit;
  return (layout.bytes(rows) + unit - 1) / unit * unit;
}

/// Rows of a page: enough for each thread to have a canonical block of its own, where the limit allows that. Copies to
/// a device are as large as they may be: each comes with launches of its own.
int64_t rows_of_page(const PageLayout& layout, int64_t limit, int threads) {
  const int64_t wanted = layout.buffers > 0 ? kLargePage / page_size(layout, kBlockRows) : threads;
  int64_t blocks = std::max<int64_t>(1, wanted);
  const auto too_large = [&] {
    const int64_t page = page_size(layout, blocks * kBlockRows);
    return page > kLargePage || kPages * page > limit / 2;
  };
  while (blocks > 1 && too_large()) --blocks;
  return blocks * kBlockRows;
}

/// Gives rows on pages compressed copies, and what is left then to rows that stay, on pages as large as they may be for
/// that. The plan stays as it is where there is no room for all of them.
void plan_compressed(const Backend& backend, int64_t rows, int d, int64_t limit, int k, BlockPlan& plan) {
  const PageLayout layout = backend.page_layout(d);
  const auto copy_of = [&](int64_t block_rows) { return backend.compressed_bytes(block_rows, d, k); };
  if (copy_of(plan.block_rows) == 0 || plan.pages == 0) return;
  for (int64_t block_rows = plan.block_rows; block_rows > 0; block_rows -= kBlockRows) {
    const int64_t page = page_size(layout, block_rows), copy = copy_of(block_rows);
    const int64_t blocks = (rows + block_rows - 1) / block_rows;
    const int64_t left = limit - layout.buffers * page - blocks * copy;
    if (left < 0) continue;
    const int64_t resident = std::min(left / (page - copy), blocks - 1);
    plan.block_rows = block_rows;
    plan.page_bytes = page;
    plan.resident_rows = resident * block_rows;
    plan.compressed_bytes = (blocks - resident) * copy;
    plan.features_bytes = (layout.buffers + resident) * page + plan.compressed_bytes;
    return;
  }
}

/// Makes room for copies of the blocks on pages, of all of them or of none.
bool keep_compressed(const RowBlocks& rows, std::span<const int64_t> offsets, Env& env) {
  const auto keep_first = [&](size_t count, bool keep) {
    for (size_t i = 0; i < count; ++i)
      if (offsets[i] >= 0 && env.backend.keep_compressed(*rows.blocks[i], keep) != keep) return false;
    return true;
  };
  if (keep_first(rows.blocks.size(), true)) return true;
  keep_first(rows.blocks.size(), false);
  env.warnings.push_back(
      "The GPU's memory has less room than was planned with, none for compressed copies of the rows: "
      "they are streamed.");
  return false;
}

/// Runs a pass whose body cannot end it.
template <class Block, class Body>
auto to_the_end(const Body& body) {
  return [&body](Block& block) {
    body(block);
    return false;
  };
}

}  // namespace

int64_t least_features_bytes(const Backend& backend, int64_t rows, int d) {
  const PageLayout layout = backend.page_layout(d);
  if (layout.group_rows == 0) return 0;
  return std::min(layout.bytes(rows), kLeastPages * page_size(layout, kBlockRows));
}

BlockPlan plan_blocks(const Backend& backend, int64_t rows, int d, int64_t block_rows, const MemoryShare& share,
                      int threads) {
  const PageLayout layout = backend.page_layout(d);
  const bool copied = layout.buffers > 0;
  const int64_t limit = share.features_bytes;
  const int64_t given = block_rows <= 0 ? 0 : (block_rows + kBlockRows - 1) / kBlockRows * kBlockRows;
  BlockPlan plan;
  plan.block_rows = given > 0 ? given : std::max<int64_t>(rows, 1);
  plan.resident_rows = rows;
  plan.features_bytes = layout.group_rows == 0 ? 0 : layout.bytes(rows);
  if (layout.group_rows == 0 || limit <= 0 || layout.bytes(rows) <= limit) return plan;

  const int64_t host = !copied ? limit : share.pages_bytes > 0 ? share.pages_bytes : INT64_MAX;
  const int64_t tight = std::min(limit, host);
  plan.block_rows = given > 0 ? given : rows_of_page(layout, tight, threads);
  while (plan.block_rows > kBlockRows && kLeastPages * page_size(layout, plan.block_rows) > tight)
    plan.block_rows -= kBlockRows;
  plan.page_bytes = page_size(layout, plan.block_rows);
  plan.pages = kPages * plan.page_bytes <= host ? kPages : kLeastPages;
  const int64_t in_turns = copied ? layout.buffers : plan.pages;
  const int64_t left = std::max<int64_t>(0, limit - in_turns * plan.page_bytes);
  const auto blocks_of = [&] { return (rows + plan.block_rows - 1) / plan.block_rows; };
  const int64_t most = std::min(left / plan.page_bytes, blocks_of() - 1);
  plan.resident_rows = most * plan.block_rows;
  plan.features_bytes = (in_turns + most) * plan.page_bytes;
  if (copied && share.compressed_k > 0) plan_compressed(backend, rows, d, limit, share.compressed_k, plan);
  const int64_t on_pages = blocks_of() - plan.resident_rows / plan.block_rows;
  const int64_t others = on_pages * plan.page_bytes;
  if (copied && others <= host)
    plan.pages = on_pages;
  else
    plan.scratch_bytes = others;
  plan.pages_bytes = copied ? plan.pages * plan.page_bytes : 0;
  return plan;
}

/// Blocks whose features lie on pages stand evenly among the others, so that there is work in memory while
/// they are read.
void make_blocks(RowBlocks& rows, Env& env) {
  const std::string purpose = "normalised features";
  BlockPlan plan = plan_blocks(env.backend, rows.rows, rows.d, env.block_rows, env.memory, env.pool.threads());
  const int64_t count = (rows.rows + plan.block_rows - 1) / plan.block_rows;
  const int64_t resident = plan.pages == 0 ? count : plan.resident_rows / plan.block_rows;
  std::vector<int64_t> offsets;
  int64_t end = 0;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t first = rows.first_row + i * plan.block_rows;
    const int64_t size = std::min(plan.block_rows, rows.first_row + rows.rows - first);
    const bool stays = (i + 1) * resident / count > i * resident / count;
    offsets.push_back(stays ? -1 : end);
    end += stays ? 0 : plan.page_bytes;
    rows.blocks.push_back(stays ? env.backend.make_rows(first, size, rows.d, rows.weighted, purpose)
                                : env.backend.make_paged_rows(first, size, rows.d, rows.weighted, purpose));
  }
  if (plan.compressed_bytes > 0 && !keep_compressed(rows, offsets, env)) plan.compressed_bytes = 0;
  if (plan.pages > 0)
    rows.pages = std::make_shared<RowPages>(env.backend, rows.d, plan, std::move(offsets), env.memory.scratch);
}

void RowBlocks::each(const std::function<void(RowBlock&)>& body, Features use) {
  if (pages != nullptr) return pages->each(blocks, to_the_end<RowBlock>(body), use, nullptr);
  for (const auto& block : blocks) body(*block);
}

void RowBlocks::each(const std::function<void(const RowBlock&)>& body, Features use) const {
  if (pages != nullptr) return pages->each(blocks, to_the_end<const RowBlock>(body), use, nullptr);
  for (const auto& block : blocks) body(*block);
}

void RowBlocks::each(const std::function<void(RowBlock&)>& body, const WantedRows& wanted) {
  if (pages != nullptr) return pages->each(blocks, to_the_end<RowBlock>(body), Features::read, &wanted);
  for (const auto& block : blocks) body(*block);
}

void RowBlocks::each(const std::function<void(const RowBlock&)>& body, const WantedRows& wanted) const {
  if (pages != nullptr) return pages->each(blocks, to_the_end<const RowBlock>(body), Features::read, &wanted);
  for (const auto& block : blocks) body(*block);
}

void RowBlocks::each_until(const std::function<bool(const RowBlock&)>& body) const {
  if (pages != nullptr) return pages->each(blocks, body, Features::read, nullptr);
  for (const auto& block : blocks)
    if (body(*block)) return;
}

void RowBlocks::release_rows() {
  blocks.clear();
  pages.reset();
}

PageTraffic RowBlocks::traffic() const {
  return pages == nullptr ? PageTraffic() : pages->traffic();
}

}  // namespace clientele
