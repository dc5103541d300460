// Sorting and selecting integers with CUB, whose results do not depend on the order in which threads run.
#pragma once

#include <cstdint>

#include "device.h"

namespace clientele::gpu {

/// Keys with the row each belongs to.
struct KeyedRows {
  Buffer<uint64_t> keys;
  Buffer<int64_t> rows;
  int64_t count = 0;
};

KeyedRows make_keyed_rows(const Device& device, int64_t capacity, const char* purpose);

/// Stable: rows of equal keys keep their order.
enum class Order { ascending, descending };
KeyedRows sorted_by_key(const Device& device, const KeyedRows& from, Order order);

/// The entries whose flag is not 0, in their order.
KeyedRows selected(const Device& device, const KeyedRows& from, const Buffer<uint8_t>& flags);

}  // namespace clientele::gpu
