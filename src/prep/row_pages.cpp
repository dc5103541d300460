#include "row_pages.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "clientele/base/cancel.h"
#include "clientele/base/errors.h"
#include "page_pass.h"

namespace clientele {
namespace {

/// Reading on is no slower than a second request.
constexpr int64_t kSeekBytes = int64_t{128} << 10;

int64_t unit_floor(int64_t bytes) {
  return bytes / ScratchFile::kUnit * ScratchFile::kUnit;
}

int64_t unit_ceil(int64_t bytes) {
  return unit_floor(bytes + ScratchFile::kUnit - 1);
}

/// What lies behind the last row is zero in every block.
void clear_last_group(std::byte* page, const PageLayout& layout, int64_t rows) {
  std::memset(page + layout.bytes(rows) - layout.group_bytes, 0, static_cast<size_t>(layout.group_bytes));
}

/// Lends a page to a block until end(), or for as long as it lives.
class Lent {
 public:
  Lent(Backend& backend, RowBlock& block, std::byte* page) : backend_(backend), block_(block) {
    backend_.lend_page(block_, page);
  }
  /// For a look at some rows.
  Lent(Backend& backend, RowBlock& block, std::byte* page, std::span<const LocalRows> wanted)
      : backend_(backend), block_(block), bytes_(backend.lend_rows(block, page, wanted)) {}
  ~Lent() {
    if (ended_) return;
    try {
      end();
    } catch (const Error&) {
      // The fault that ended the pass is on its way.
    }
  }
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;

  /// That the backend reads of the page, at most.
  int64_t bytes() const { return bytes_; }
  /// Throws where a device cannot give back what was left on the page.
  void end() {
    ended_ = true;
    backend_.lend_page(block_, nullptr);
  }

 private:
  Backend& backend_;
  RowBlock& block_;
  int64_t bytes_ = INT64_MAX;
  bool ended_ = false;
};

}  // namespace

std::vector<PagePart> page_parts(const PageLayout& layout, int64_t rows, std::span<const LocalRows> wanted) {
  std::vector<PagePart> parts;
  const int64_t all = unit_ceil(layout.bytes(rows));
  for (const LocalRows& range : wanted) {
    const int64_t begin = unit_floor(range.first / layout.group_rows * layout.group_bytes);
    const int64_t end = std::min(all, unit_ceil(layout.bytes(range.last)));
    if (!parts.empty() && begin - (parts.back().offset + parts.back().bytes) <= kSeekBytes)
      parts.back().bytes = std::max(parts.back().bytes, end - parts.back().offset);
    else
      parts.push_back({begin, end - begin});
  }
  return parts;
}

RowPages::RowPages(Backend& backend, int d, const BlockPlan& plan, std::vector<int64_t> offsets,
                   const std::string& folder)
    : backend_(backend),
      layout_(backend.page_layout(d)),
      held_(plan.held()),
      offsets_(std::move(offsets)),
      scratch_bytes_(plan.scratch_bytes),
      folder_(folder.empty() ? "." : folder) {
  traffic_.compressed_bytes = plan.compressed_bytes;
  for (int64_t i = 0; i < plan.pages; ++i)
    pages_.emplace_back(static_cast<size_t>(plan.page_bytes), "a page of normalised features");
}

RowPages::~RowPages() {
  for (size_t i = 0; i < pinned_; ++i) backend_.unpin(pages_[i].as<std::byte>());
}

void RowPages::prepare() {
  if (!held_ && !file_) file_ = std::make_unique<ScratchFile>(folder_, scratch_bytes_);
  const auto pin = [&](const PageBuffer& page) {
    return backend_.pin(page.as<std::byte>(), static_cast<int64_t>(page.bytes()));
  };
  while (pinned_ < pages_.size() && pin(pages_[pinned_])) ++pinned_;
  traffic_.pinned = pinned_ == pages_.size();
}

void RowPages::make_on_demand(std::function<void(RowBlock&)> make) {
  make_ = std::move(make);
}

void RowPages::each_on_demand(std::span<const std::unique_ptr<RowBlock>> blocks,
                              const std::function<bool(RowBlock&)>& body) {
  const auto made = [&](RowBlock& block) {
    make_(block);
    return body(block);
  };
  for (size_t i = 0; i < blocks.size(); ++i) {
    check_cancel();
    std::byte* page = pages_[0].as<std::byte>();
    if (offsets_[i] < 0) {
      if (made(*blocks[i])) return;
      continue;
    }
    clear_last_group(page, layout_, blocks[i]->rows());
    Lent lent(backend_, *blocks[i], page);
    const bool done = made(*blocks[i]);
    lent.end();
    if (done) return;
  }
}

std::vector<LocalRows> RowPages::rows_of(RowBlock& block, Features use, const RowBlocks::WantedRows* wanted) {
  std::vector<LocalRows> ranges;
  if (wanted != nullptr)
    (*wanted)(block, ranges);
  else if (use == Features::read || use == Features::change)
    ranges.push_back({0, block.rows()});
  std::sort(ranges.begin(), ranges.end(), [](const LocalRows& a, const LocalRows& b) { return a.first < b.first; });
  std::vector<LocalRows> apart;
  for (const LocalRows& range : ranges) {
    if (!apart.empty() && range.first <= apart.back().last)
      apart.back().last = std::max(apart.back().last, range.last);
    else
      apart.push_back(range);
  }
  return apart;
}

void RowPages::each(std::span<const std::unique_ptr<RowBlock>> blocks, const std::function<bool(RowBlock&)>& body,
                    Features use, const RowBlocks::WantedRows* wanted) {
  if (make_ && use != Features::unused) return each_on_demand(blocks, body);
  if (use == Features::fill) prepare();
  std::vector<PageStep> steps;
  std::vector<std::vector<LocalRows>> looked_at;  // of each step
  for (size_t i = 0; i < blocks.size(); ++i) {
    if (offsets_[i] < 0 || use == Features::unused) continue;
    std::vector<LocalRows> rows = rows_of(*blocks[i], use, wanted);
    PageStep step{offsets_[i], unit_ceil(layout_.bytes(blocks[i]->rows())),
                  page_parts(layout_, blocks[i]->rows(), rows), i};
    if (held_ && !step.parts.empty()) step.parts = {{0, step.bytes}};  // there as a whole
    if (use != Features::fill && step.parts.empty()) {
      ++traffic_.blocks_skipped;
      continue;
    }
    steps.push_back(std::move(step));
    looked_at.push_back(std::move(rows));
  }
  const std::vector<PageStep> counted = steps;
  std::optional<PagePass> pass;
  if (!held_) pass.emplace(file_.get(), pages_, std::move(steps));
  const auto lend = [&](size_t number) {
    const PageStep& step = counted[number];
    RowBlock& block = *blocks[step.block];
    std::byte* page = pass ? pass->take() : own_page(step.offset);
    if (use == Features::fill) clear_last_group(page, layout_, block.rows());
    if (wanted != nullptr) return std::make_unique<Lent>(backend_, block, page, looked_at[number]);
    return std::make_unique<Lent>(backend_, block, page);
  };
  const bool changed = use == Features::fill || use == Features::change;
  std::unique_ptr<Lent> lent, ahead;
  size_t next = 0;
  for (const auto& block : blocks) {
    check_cancel();  // a pass over a slow disk takes minutes
    if (next == counted.size() || blocks[counted[next].block] != block) {
      if (body(*block)) return;
      continue;
    }
    const PageStep& step = counted[next];
    lent = ahead ? std::move(ahead) : lend(next);
    // The next page's copy begins before this block is worked on. A disk would be waited for.
    ++next;
    if (held_ && next < counted.size()) ahead = lend(next);
    const bool done = body(*block);
    lent->end();
    for (const PagePart& part : step.parts)
      traffic_.bytes_read += held_ ? std::min(lent->bytes(), part.bytes) : part.bytes;
    traffic_.blocks_read += step.parts.empty() ? 0 : 1;
    traffic_.bytes_written += changed ? step.bytes : 0;
    if (pass) pass->give_back(changed);
    if (done) break;
  }
  if (pass) pass->finish();
}

}  // namespace clientele
