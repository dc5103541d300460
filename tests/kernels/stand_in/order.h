// What operations of different streams may do at the same time. Every operation of a stream has a number. Of two that
// use the same allocation, the later one's stream or the host must have waited for the earlier one; otherwise the
// program ends with a message. Allocating and freeing are uses, and a kernel uses all memory that its arguments point
// into: it is not known whether it reads or writes there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace clientele::stand_in {

/// By number of the stream: how many of its operations are known to be over.
class Order {
 public:
  bool holds(int stream, uint64_t operation) const;
  void reach(int stream, uint64_t operation);
  void merge(const Order& other);

 private:
  std::map<int, uint64_t> over_;
};

/// One stream's operations.
struct Course {
  int stream = 0;  ///< its number
  uint64_t made = 0;
  Order over;  ///< before whatever comes next, its own included
};

/// A new stream's.
Course new_course();

/// What the host has waited for.
Order& host_order();

/// An operation of the stream; `doing` says in a message what uses the memory: "a copy".
void begin_operation(Course& course);
/// The operation that began last uses [at, at + bytes), which must lie in one allocation.
void use(const Course& course, const void* at, size_t bytes, const char* doing);
/// It uses the allocation that this address lies in, if it lies in one.
void use_around(const Course& course, const void* at, const char* doing);

/// Pinned memory of the host, which kernels may use where it lies.
void begin_pinned(const void* at, size_t bytes);
/// Ends the program if the host has not waited for what uses it.
void end_pinned(const void* at);
/// Whether the host has waited for all operations that used the allocation or pinned memory at this address.
bool host_has_waited(const void* at);

void begin_allocation(const Course& course, const void* at, size_t bytes);
void end_allocation(const Course& course, const void* at);

}  // namespace clientele::stand_in
