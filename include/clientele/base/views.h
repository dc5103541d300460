// Non-owning views of n x d row-major arrays. The memory space stands in the type: an algorithm cannot dereference a
// DeviceView.
#pragma once

#include <cstdint>
#include <span>

namespace clientele {

/// n x d, row-major, host memory. Row i is data[i * d .. i * d + d).
template <class T>
struct HostView {
  T* data = nullptr;
  int64_t rows = 0;
  int64_t columns = 0;

  std::span<T> row(int64_t i) const { return {data + i * columns, static_cast<size_t>(columns)}; }
  T& operator()(int64_t i, int64_t j) const { return data[i * columns + j]; }
  int64_t size() const { return rows * columns; }
  operator HostView<const T>() const { return {data, rows, columns}; }
};

/// d columns of m values each, column-major, host memory: column j is data[j * stride .. j * stride + rows).
template <class T>
struct ColumnsView {
  T* data = nullptr;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t stride = 0;  ///< >= rows

  std::span<T> column(int64_t j) const { return {data + j * stride, static_cast<size_t>(rows)}; }
  ColumnsView slice(int64_t first, int64_t count) const { return {data + first, count, columns, stride}; }
  operator ColumnsView<const T>() const { return {data, rows, columns, stride}; }
};

/// n x d, row-major, device memory. Only code under kernels/ may use `data` as a pointer.
template <class T>
struct DeviceView {
  T* data = nullptr;
  int64_t rows = 0;
  int64_t columns = 0;
};

}  // namespace clientele
