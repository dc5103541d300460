// The event log as it lies in a file: one row an event. Money and time are integers, so that sums are exact and
// order-free.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "clientele/base/thread_pool.h"
#include "clientele/base/visit.h"
#include "clientele/data/ids.h"
#include "clientele/data/source.h"

namespace clientele {

class ReadCache;

/// [events] of a job file: which datasets (or compound fields) play which role. Only client and ts are required.
struct EventsSpec {
  std::vector<std::string> file;
  std::string dataset;  ///< group of columns or compound dataset; empty: found by itself
  std::string client = "client";
  std::string ts = "ts";  ///< int64 UTC seconds
  std::string type;
  std::string category;
  std::string channel;
  std::string amount;        ///< int64 minor units
  int64_t minor_digits = 2;  ///< money features are amount / 10^minor_digits
  std::string qty;
  std::string as_of;  ///< T: ISO date (UTC midnight) or date-time or seconds; empty: the day after the last event
  double window = 0;  ///< days before as_of that count; 0: all
  bool paying_only =
      false;  ///< keep only clients with a positive amount in the window; the others are counted and excluded

  bool present() const { return !file.empty(); }
  void visit(SpecVisitor& v);
};

/// A log in memory. Every vector is empty or as long as ts. Row order is source order.
struct EventLog {
  int64_t rows = 0;
  IdColumn clients;             ///< distinct clients, ascending (integers by value, text by bytes)
  std::vector<int32_t> client;  ///< position in `clients`, one a row
  std::vector<int64_t> ts;
  std::vector<int64_t> amount;
  std::vector<int64_t> qty;
  std::vector<int32_t> type, category, channel;          ///< codes, -1 missing
  std::vector<std::string> types, categories, channels;  ///< their dictionaries, sorted
  ReadPlan plan;
};

/// Reads the log. Throws Error{input} as open_input does; a float amount or ts is refused with the hint to write minor
/// units / seconds.
/// cache: where readers keep decoded chunks; null: one of the log's own.
EventLog read_events(const EventsSpec& spec, ThreadPool& pool, const std::shared_ptr<ReadCache>& cache = nullptr);

/// "1998-07-01", "1998-07-01T12:00:00Z" or "899251200" -> UTC seconds. Throws Error{usage} naming `key`.
int64_t parse_time(const std::string& text, const std::string& key);

}  // namespace clientele
