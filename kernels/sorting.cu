#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_select.cuh>

#include "sorting.h"

namespace clientele::gpu {

namespace {

/// CUB's two calls: how much scratch, then the work.
template <class Call>
void with_scratch(const Device& device, const char* doing, const Call& call) {
  size_t bytes = 0;
  check(call(nullptr, bytes), doing);
  const Buffer<unsigned char> scratch(device, static_cast<int64_t>(bytes), "scratch memory of sorting");
  check(call(scratch.data(), bytes), doing);
}

}  // namespace

KeyedRows make_keyed_rows(const Device& device, int64_t capacity, const char* purpose) {
  return {Buffer<uint64_t>(device, capacity, purpose), Buffer<int64_t>(device, capacity, purpose), capacity};
}

KeyedRows sorted_by_key(const Device& device, const KeyedRows& from, Order order) {
  KeyedRows to = make_keyed_rows(device, from.count, "sorted rows");
  if (from.count == 0) return to;
  with_scratch(device, "sorting rows", [&](void* scratch, size_t& bytes) {
    return order == Order::ascending
               ? cub::DeviceRadixSort::SortPairs(scratch, bytes, from.keys.data(), to.keys.data(), from.rows.data(),
                                                 to.rows.data(), from.count, 0, 64, device.stream())
               : cub::DeviceRadixSort::SortPairsDescending(scratch, bytes, from.keys.data(), to.keys.data(),
                                                           from.rows.data(), to.rows.data(), from.count, 0, 64,
                                                           device.stream());
  });
  return to;
}

KeyedRows selected(const Device& device, const KeyedRows& from, const Buffer<uint8_t>& flags) {
  KeyedRows to = make_keyed_rows(device, from.count, "selected rows");
  if (from.count == 0) return to;
  const Buffer<int64_t> count(device, 1, "count of selected rows");
  with_scratch(device, "selecting rows", [&](void* scratch, size_t& bytes) {
    return cub::DeviceSelect::Flagged(scratch, bytes, from.keys.data(), flags.data(), to.keys.data(), count.data(),
                                      from.count, device.stream());
  });
  with_scratch(device, "selecting rows", [&](void* scratch, size_t& bytes) {
    return cub::DeviceSelect::Flagged(scratch, bytes, from.rows.data(), flags.data(), to.rows.data(), count.data(),
                                      from.count, device.stream());
  });
  to.count = count.to_host().front();
  return to;
}

}  // namespace clientele::gpu
