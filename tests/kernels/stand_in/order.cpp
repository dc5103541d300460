#include "order.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace clientele::stand_in {

namespace {

struct Use {
  uint64_t operation = 0;
  const char* doing = "";
};

struct Allocation {
  size_t bytes = 0;
  std::map<int, Use> last;  // by stream
};

std::map<uintptr_t, Allocation>& allocations() {
  static std::map<uintptr_t, Allocation> known;
  return known;
}

/// The one that the address lies in, or none.
std::map<uintptr_t, Allocation>::iterator allocation_of(uintptr_t at) {
  auto found = allocations().upper_bound(at);
  if (found == allocations().begin()) return allocations().end();
  --found;
  return at - found->first < found->second.bytes ? found : allocations().end();
}

void use(const Course& course, Allocation& allocation, const char* doing) {
  for (const auto& [stream, last] : allocation.last) {
    if (course.over.holds(stream, last.operation)) continue;
    std::fprintf(stderr,
                 "stand-in for CUDA: %s on stream %d uses memory that %s on stream %d may still be using: neither the "
                 "stream nor the host has waited for it\n",
                 doing, course.stream, last.doing, stream);
    std::abort();
  }
  allocation.last[course.stream] = {course.made, doing};
}

}  // namespace

bool Order::holds(int stream, uint64_t operation) const {
  const auto found = over_.find(stream);
  return found != over_.end() && found->second >= operation;
}

void Order::reach(int stream, uint64_t operation) {
  uint64_t& over = over_[stream];
  over = std::max(over, operation);
}

void Order::merge(const Order& other) {
  for (const auto& [stream, operation] : other.over_) reach(stream, operation);
}

Course new_course() {
  static int streams = 0;
  return {.stream = ++streams, .made = 0, .over = {}};
}

Order& host_order() {
  static Order order;
  return order;
}

void begin_operation(Course& course) {
  course.over.merge(host_order());
  course.over.reach(course.stream, ++course.made);
}

void use(const Course& course, const void* at, size_t bytes, const char* doing) {
  const auto begin = reinterpret_cast<uintptr_t>(at);
  const auto found = allocation_of(begin);
  if (found == allocations().end() || begin + bytes > found->first + found->second.bytes) {
    std::fprintf(stderr, "stand-in for CUDA: %s of %zu bytes does not lie in one allocation of device memory\n", doing,
                 bytes);
    std::abort();
  }
  use(course, found->second, doing);
}

void use_around(const Course& course, const void* at, const char* doing) {
  const auto found = allocation_of(reinterpret_cast<uintptr_t>(at));
  if (found != allocations().end()) use(course, found->second, doing);
}

void begin_pinned(const void* at, size_t bytes) {
  allocations()[reinterpret_cast<uintptr_t>(at)] = {.bytes = bytes, .last = {}};
}

bool host_has_waited(const void* at) {
  const auto found = allocation_of(reinterpret_cast<uintptr_t>(at));
  return found == allocations().end() || std::ranges::all_of(found->second.last, [](const auto& last) {
           return host_order().holds(last.first, last.second.operation);
         });
}

void end_pinned(const void* at) {
  if (!host_has_waited(at)) {
    std::fprintf(stderr, "stand-in for CUDA: memory is unpinned that a kernel may still be using\n");
    std::abort();
  }
  allocations().erase(reinterpret_cast<uintptr_t>(at));
}

void begin_allocation(const Course& course, const void* at, size_t bytes) {
  Allocation& made = allocations()[reinterpret_cast<uintptr_t>(at)];
  made = {.bytes = bytes, .last = {}};
  use(course, made, "an allocation");
}

void end_allocation(const Course& course, const void* at) {
  const auto found = allocations().find(reinterpret_cast<uintptr_t>(at));
  if (found == allocations().end()) return;
  use(course, found->second, "a release");
  allocations().erase(found);
}

}  // namespace clientele::stand_in
