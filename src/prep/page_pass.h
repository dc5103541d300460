// One pass of pages between a scratch file and memory.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "clientele/base/page_buffer.h"
#include "clientele/base/scratch_file.h"
#include "row_pages.h"

namespace clientele {

/// What is to be fetched for one block, and where its page lies in the file.
struct PageStep {
  int64_t offset = 0;
  int64_t bytes = 0;            ///< of the whole page
  std::vector<PagePart> parts;  ///< to read; empty: the page comes as it is
  size_t block = 0;             ///< which one it is for
};

/// Serves the pages of the steps in order. Used by one thread.
class PagePass {
 public:
  /// file: may be null where there are no steps. Throws Error{device} where no thread can be had.
  PagePass(const ScratchFile* file, std::span<PageBuffer> pages, std::vector<PageStep> steps);
  /// Ends early without waiting for what is not begun.
  ~PagePass();
  PagePass(const PagePass&) = delete;
  PagePass& operator=(const PagePass&) = delete;

  /// The next step's page, once it is read. Throws what reading or writing threw.
  std::byte* take();
  /// The page that take() gave last is done with.
  void give_back(bool changed);
  /// Waits until everything is written.
  void finish();

 private:
  void start_server();
  void serve();
  /// Something to do for a serving thread, or the end. Called with the lock held.
  bool may_write() const { return !changed_.empty(); }
  bool may_read() const { return next_ < steps_.size() && !free_.empty(); }
  void write_one(std::unique_lock<std::mutex>& held);
  void read_one(std::unique_lock<std::mutex>& held);
  void refuse_failed();

  const ScratchFile* file_;
  const std::vector<PageStep> steps_;
  std::mutex mutex_;
  std::condition_variable changed_state_;
  std::vector<std::byte*> free_;
  std::map<size_t, std::byte*> ready_;
  struct Changed {
    size_t step;
    std::byte* page;
  };
  std::vector<Changed> changed_;
  size_t next_ = 0;   ///< to be read
  size_t taken_ = 0;  ///< steps taken so far
  std::byte* lent_ = nullptr;
  int writing_ = 0;
  bool stop_ = false;
  std::exception_ptr failed_;
  std::vector<std::thread> threads_;
};

}  // namespace clientele
