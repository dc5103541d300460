// Stand-in for CUB's stable sort of pairs (see stand_in.h).
#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "stand_in.h"

namespace cub {

struct DeviceRadixSort {
  template <class Key, class Value, class Count>
  static cudaError_t SortPairs(void* scratch, size_t& bytes, const Key* keys, Key* sorted_keys, const Value* values,
                               Value* sorted_values, Count count, int, int, cudaStream_t) {
    return sort(scratch, bytes, keys, sorted_keys, values, sorted_values, count, std::less<Key>());
  }
  template <class Key, class Value, class Count>
  static cudaError_t SortPairsDescending(void* scratch, size_t& bytes, const Key* keys, Key* sorted_keys,
                                         const Value* values, Value* sorted_values, Count count, int, int,
                                         cudaStream_t) {
    return sort(scratch, bytes, keys, sorted_keys, values, sorted_values, count, std::greater<Key>());
  }

 private:
  template <class Key, class Value, class Count, class Before>
  static cudaError_t sort(void* scratch, size_t& bytes, const Key* keys, Key* sorted_keys, const Value* values,
                          Value* sorted_values, Count count, Before before) {
    if (scratch == nullptr) {
      bytes = 1;
      return cudaSuccess;
    }
    std::vector<size_t> order(static_cast<size_t>(count));
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return before(keys[a], keys[b]); });
    for (size_t i = 0; i < order.size(); ++i) {
      sorted_keys[i] = keys[order[i]];
      sorted_values[i] = values[order[i]];
    }
    return cudaSuccess;
  }
};

}  // namespace cub
