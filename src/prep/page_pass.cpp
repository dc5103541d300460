#include "page_pass.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "clientele/base/errors.h"

namespace clientele {
namespace {

/// Two requests at a time keep a disk busy between one that ends and the next.
constexpr size_t kServers = 2;

}  // namespace

PagePass::PagePass(const ScratchFile* file, std::span<PageBuffer> pages, std::vector<PageStep> steps)
    : file_(file), steps_(std::move(steps)) {
  for (const PageBuffer& page : pages) free_.push_back(page.as<std::byte>());
  const size_t servers = std::min({kServers, pages.size(), steps_.size()});
  for (size_t i = 0; i < servers; ++i) start_server();
}

/// One server does, more slowly, where the system grants no second thread.
void PagePass::start_server() {
  try {
    threads_.emplace_back([this] { serve(); });
  } catch (const std::system_error& fault) {
    if (!threads_.empty()) return;
    throw Error(ErrorKind::device, {.what = "cannot start a thread that reads the scratch file",
                                    .where = "",
                                    .expected = "",
                                    .found = fault.what(),
                                    .hint = "Raise the limit of processes or threads (ulimit -u, pids.max), or use "
                                            "fewer (run.threads)."});
  }
}

PagePass::~PagePass() {
  {
    const std::lock_guard held(mutex_);
    stop_ = true;
  }
  changed_state_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

std::byte* PagePass::take() {
  std::unique_lock held(mutex_);
  changed_state_.wait(held, [&] { return failed_ || ready_.contains(taken_); });
  refuse_failed();
  const auto found = ready_.find(taken_);
  lent_ = found->second;
  ready_.erase(found);
  ++taken_;
  return lent_;
}

void PagePass::give_back(bool changed) {
  {
    const std::lock_guard held(mutex_);
    if (changed)
      changed_.push_back({taken_ - 1, lent_});
    else
      free_.push_back(lent_);
    lent_ = nullptr;
  }
  changed_state_.notify_all();
}

void PagePass::finish() {
  std::unique_lock held(mutex_);
  changed_state_.wait(held, [&] { return failed_ || (changed_.empty() && writing_ == 0); });
  refuse_failed();
}

void PagePass::refuse_failed() {
  if (failed_) std::rethrow_exception(failed_);
}

void PagePass::serve() {
  std::unique_lock held(mutex_);
  try {
    for (;;) {
      changed_state_.wait(held, [&] { return stop_ || failed_ || may_write() || may_read(); });
      if (stop_ || failed_) return;
      if (may_write())
        write_one(held);
      else
        read_one(held);
      changed_state_.notify_all();
    }
  } catch (...) {
    if (!held.owns_lock()) held.lock();
    failed_ = std::current_exception();
    changed_state_.notify_all();
  }
}

void PagePass::write_one(std::unique_lock<std::mutex>& held) {
  const Changed job = changed_.back();
  changed_.pop_back();
  ++writing_;
  held.unlock();
  const PageStep& step = steps_[job.step];
  file_->write(step.offset, {job.page, static_cast<size_t>(step.bytes)});
  held.lock();
  --writing_;
  free_.push_back(job.page);
}

void PagePass::read_one(std::unique_lock<std::mutex>& held) {
  const size_t mine = next_++;
  std::byte* page = free_.back();
  free_.pop_back();
  held.unlock();
  const PageStep& step = steps_[mine];
  for (const PagePart& part : step.parts)
    file_->read(step.offset + part.offset, {page + part.offset, static_cast<size_t>(part.bytes)});
  held.lock();
  ready_.emplace(mine, page);
}

}  // namespace clientele
