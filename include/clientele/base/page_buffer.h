// Memory straight from the system, for large arrays.
#pragma once

#include <cstddef>
#include <string>

namespace clientele {

/// Zero-filled memory from the system, on huge pages where it is large. Move-only. Begins on a page boundary.
class PageBuffer {
 public:
  PageBuffer() = default;
  /// Throws Error{device} naming the purpose and the size when there is not enough memory.
  PageBuffer(size_t bytes, const std::string& purpose);
  ~PageBuffer() { release(); }
  PageBuffer(PageBuffer&& other) noexcept;
  PageBuffer& operator=(PageBuffer&& other) noexcept;
  PageBuffer(const PageBuffer&) = delete;
  PageBuffer& operator=(const PageBuffer&) = delete;

  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }
  size_t bytes() const { return bytes_; }
  void release() noexcept;

 private:
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace clientele
