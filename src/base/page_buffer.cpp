#include "clientele/base/page_buffer.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "clientele/base/errors.h"

namespace clientele {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;

std::string size_text(size_t bytes) {
  const double mib = static_cast<double>(bytes) / (1024.0 * 1024.0);
  std::string digits = std::to_string(mib);
  digits.resize(digits.find('.') + 2);
  return digits + " MiB";
}

/// Maps `bytes` at a multiple of the huge page size, so that the whole range can be backed by huge pages.
void* map_aligned(size_t bytes) {
  const size_t room = bytes + kHugePage;
  void* raw = mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (raw == MAP_FAILED) return raw;
  char* begin = static_cast<char*>(raw);
  const size_t skip = (kHugePage - reinterpret_cast<uintptr_t>(begin) % kHugePage) % kHugePage;
  if (skip > 0) munmap(begin, skip);
  if (kHugePage - skip > 0) munmap(begin + skip + bytes, kHugePage - skip);
  madvise(begin + skip, bytes, MADV_HUGEPAGE);
  return begin + skip;
}

constexpr size_t kPage = 4096;

}  // namespace

PageBuffer::PageBuffer(size_t bytes, const std::string& purpose) {
  if (bytes == 0) return;
  bytes_ = (bytes + kPage - 1) / kPage * kPage;
  data_ = bytes_ >= kHugePage ? map_aligned(bytes_)
                              : mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data_ == MAP_FAILED) {
    const int error = errno;
    data_ = nullptr;
    throw Error(ErrorKind::device, {.what = "out of memory for " + purpose,
                                    .where = "cpu",
                                    .expected = size_text(bytes_),
                                    .found = std::strerror(error),
                                    .hint = "Use fewer rows or columns, or a machine or memory limit that is larger."});
  }
}

PageBuffer::PageBuffer(PageBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

PageBuffer& PageBuffer::operator=(PageBuffer&& other) noexcept {
  if (this != &other) {
    release();
    data_ = std::exchange(other.data_, nullptr);
    bytes_ = std::exchange(other.bytes_, 0);
  }
  return *this;
}

void PageBuffer::release() noexcept {
  if (data_ != nullptr) munmap(data_, bytes_);
  data_ = nullptr;
  bytes_ = 0;
}

}  // namespace clientele
