// Features of rows larger than memory: a scratch file holds them, a few pages of memory take them in turns. While the
// caller works on one page, the next ones are read and the changed ones written by threads of their own. Where only the
// backend's memory is too small, pages of the host's hold everything, and there is no file.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "clientele/base/page_buffer.h"
#include "clientele/base/scratch_file.h"
#include "clientele/prep/row_blocks.h"

namespace clientele {

/// A piece of a block's features, in bytes of its page. Whole units of the scratch file.
struct PagePart {
  int64_t offset = 0;
  int64_t bytes = 0;
};

/// The parts of a page with rows that are wanted (ascending by their first; they may overlap). Parts closer than a
/// disk's seek is long are read as one.
std::vector<PagePart> page_parts(const PageLayout& layout, int64_t rows, std::span<const LocalRows> wanted);

class RowPages {
 public:
  /// offsets: per block, in order, where its features lie in the scratch file, or in all pages put end to end where
  /// these hold everything, or -1 where they stay in the backend's memory. The file is made by the first pass that
  /// fills it, which throws Error{files} when the folder has no room.
  RowPages(Backend& backend, int d, const BlockPlan& plan, std::vector<int64_t> offsets, const std::string& folder);
  ~RowPages();
  RowPages(const RowPages&) = delete;
  RowPages& operator=(const RowPages&) = delete;

  /// body on the blocks in order, until it returns true. wanted: which rows a reading pass needs; null: all.
  void each(std::span<const std::unique_ptr<RowBlock>> blocks, const std::function<bool(RowBlock&)>& body, Features use,
            const RowBlocks::WantedRows* wanted);

  /// From now on nothing is read from a file: `make` fills each block, also those that stay in memory, anew in every
  /// pass that reads features.
  void make_on_demand(std::function<void(RowBlock&)> make);

  const PageTraffic& traffic() const { return traffic_; }

 private:
  /// Before features come that stay: the file, and pages that copies go straight to.
  void prepare();
  /// Where pages hold everything.
  std::byte* own_page(int64_t offset) const {
    return pages_[static_cast<size_t>(offset) / pages_.front().bytes()].as<std::byte>();
  }
  void each_on_demand(std::span<const std::unique_ptr<RowBlock>> blocks, const std::function<bool(RowBlock&)>& body);
  /// What a pass looks at of the block, ascending and apart.
  static std::vector<LocalRows> rows_of(RowBlock& block, Features use, const RowBlocks::WantedRows* wanted);

  Backend& backend_;
  const PageLayout layout_;
  const bool held_;  ///< pages hold everything
  std::vector<int64_t> offsets_;
  int64_t scratch_bytes_;
  std::string folder_;
  std::unique_ptr<ScratchFile> file_;
  std::function<void(RowBlock&)> make_;
  std::vector<PageBuffer> pages_;
  size_t pinned_ = 0;  ///< the first of them
  PageTraffic traffic_;
};

}  // namespace clientele
