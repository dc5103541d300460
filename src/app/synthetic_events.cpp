#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "clientele/data/segments_file.h"
#include "synthetic.h"
#include "synthetic_draws.h"

namespace clientele {
namespace {

constexpr int64_t kFirstSecond = 1704067200;  // 2024-01-01
constexpr double kDaySeconds = 86400;
constexpr uint32_t kMostEvents = 20000;  // of one client

/// How the clients of a segment buy.
struct Habit {
  double rate;    ///< purchases a day
  double amount;  ///< median, major units
  double life;    ///< mean days until the client leaves
};

Habit habit_of(int64_t segment, int64_t segments) {
  const double position = segments > 1 ? static_cast<double>(segment) / static_cast<double>(segments - 1) : 0.5;
  // The rate grows with the segment's number while the amount goes round, so that no single feature tells the segments
  // apart.
  const double round = static_cast<double>((segment * 2 + 1) % (segments + 1)) / static_cast<double>(segments + 1);
  return {0.01 * exact::exp(3.0 * position), 12 * exact::exp(3.2 * round), 120 * exact::exp(2.0 * (1 - position))};
}

struct Log {
  NumberColumn client{"client", {}, {}, {}}, ts{"ts", {}, {}, {}}, amount{"amount", {}, {}, {}}, qty{"qty", {}, {}, {}};
  NumberColumn category{"category", {}, {}, {}}, channel{"channel", {}, {}, {}};

  void add(int64_t id, int64_t second, int64_t minor, int64_t pieces, int64_t kind, int64_t way) {
    client.integers.push_back(id);
    ts.integers.push_back(second);
    amount.integers.push_back(minor);
    qty.integers.push_back(pieces);
    category.integers.push_back(kind);
    channel.integers.push_back(way);
  }
};

void add_client(const Draws& draws, int64_t row, const Habit& habit, double days, Log& log) {
  double day = draws.unit(DrawOf::start, row) * days / 2;
  const double end = std::min(days, day + habit.life * draws.exponential(DrawOf::life, row));
  for (uint32_t event = 0; event < kMostEvents && (event == 0 || day < end); ++event) {
    const auto [spend, taste] = draws.normals(DrawOf::amount, row, event);
    const int64_t minor = std::llrint(100 * habit.amount * exact::exp(0.5 * spend));
    const int64_t pieces = 1 + static_cast<int64_t>(draws.exponential(DrawOf::quantity, row, event));
    const int64_t kind = static_cast<int64_t>(8 * draws.unit(DrawOf::category, row, event));
    log.add(1000000 + row, kFirstSecond + static_cast<int64_t>(day * kDaySeconds), std::max<int64_t>(minor, 1), pieces,
            kind, taste > 0.5 ? 1 : 0);
    day += draws.exponential(DrawOf::gap, row, event) / habit.rate;
  }
}

}  // namespace

void generate_events(const std::filesystem::path& path, const GenerateArguments& g, Progress& progress) {
  const Draws draws(g.seed);
  Log log;
  NumberColumn clients{"client", {}, {}, {}}, segments{"segment", {}, {}, {}};
  progress.stage("generate", g.clients, "clients");
  for (int64_t row = 0; row < g.clients; ++row) {
    const int64_t segment = draws.segment(row, g.segments);
    add_client(draws, row, habit_of(segment, g.segments), g.days, log);
    clients.integers.push_back(1000000 + row);
    segments.integers.push_back(segment);
    if (row % 4096 == 4095) progress.advance(4096);
  }
  progress.stage("write", 0, "");
  write_columns(path, "/events", {log.client, log.ts, log.amount, log.qty, log.category, log.channel}, false);
  write_columns(path, "/truth", {clients, segments}, true);
}

}  // namespace clientele
