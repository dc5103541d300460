#include <algorithm>
#include <cmath>

#include "clientele/base/canonical.h"
#include "clientele/base/errors.h"
#include "clientele/prep/behaviour.h"
#include "clientele/prep/clean.h"

namespace clientele {
namespace {

/// A client table with behaviour columns after its own.
class JoinedSource : public Source {
 public:
  JoinedSource(std::unique_ptr<Source> clients, const Schema& behaviour, std::vector<std::vector<double>> columns)
      : clients_(std::move(clients)), columns_(std::move(columns)) {
    schema_ = clients_->schema();
    own_ = static_cast<int>(schema_.columns.size());
    schema_.columns.insert(schema_.columns.end(), behaviour.columns.begin(), behaviour.columns.end());
    rows_ = clients_->rows();
  }

  void read(int64_t first_row, std::span<const int> columns, ColumnsView<double> out) override {
    for (size_t c = 0; c < columns.size();) {
      if (columns[c] >= own_) {
        const auto& from = columns_[static_cast<size_t>(columns[c] - own_)];
        std::copy_n(from.begin() + first_row, out.rows, out.column(static_cast<int64_t>(c)).begin());
        ++c;
        continue;
      }
      size_t end = c;
      while (end < columns.size() && columns[end] < own_) ++end;
      double* to = out.data + static_cast<int64_t>(c) * out.stride;
      clients_->read(first_row, columns.subspan(c, end - c), {to, out.rows, static_cast<int64_t>(end - c), out.stride});
      c = end;
    }
  }

  IdColumn read_ids(ThreadPool& pool) override { return clients_->read_ids(pool); }

  ReadPlan plan() const override {
    ReadPlan plan = clients_->plan();
    plan.notes.push_back(std::to_string(columns_.size()) + " behaviour columns joined from the event log, in memory");
    return plan;
  }

 private:
  std::unique_ptr<Source> clients_;
  std::vector<std::vector<double>> columns_;
  int own_ = 0;
};

void check_join(const Schema& clients, const Schema& behaviour, const IdColumn& client_ids, const IdColumn& log_ids) {
  for (const Column& column : behaviour.columns)
    if (clients.find(column.name) >= 0)
      throw Error(ErrorKind::input, {.what = "a column of the client table is named like a behaviour feature",
                                     .where = "column " + column.name,
                                     .expected = "different names",
                                     .found = "both have it",
                                     .hint = "Rename the column, or leave the feature out of behaviour.features."});
  const auto kind = [](const IdColumn& ids) {
    return ids.kind == IdColumn::Kind::text ? "text" : ids.kind == IdColumn::Kind::integer ? "integers" : "row numbers";
  };
  if (client_ids.kind != log_ids.kind || client_ids.kind == IdColumn::Kind::row_number)
    throw Error(ErrorKind::input,
                {.what = "the client table and the event log cannot be joined by id",
                 .where = "input.id and events.client",
                 .expected = "ids of one type on both sides, integers or text",
                 .found = std::string(kind(client_ids)) + " and " + kind(log_ids),
                 .hint = "Name the id column with input.id, and store both sides with the same type."});
}

/// Position in log_ids (ascending) of each client, or -1.
std::vector<int64_t> match_ids(const IdColumn& client_ids, const IdColumn& log_ids, ThreadPool& pool) {
  std::vector<int64_t> match(static_cast<size_t>(client_ids.rows), -1);
  const auto search = [&](auto id_of_log, auto wanted) -> int64_t {
    int64_t lo = 0, hi = log_ids.rows;
    while (lo < hi) {
      const int64_t mid = lo + (hi - lo) / 2;
      if (id_of_log(mid) < wanted)
        lo = mid + 1;
      else
        hi = mid;
    }
    return lo < log_ids.rows && id_of_log(lo) == wanted ? lo : -1;
  };
  const auto integer = [&](int64_t i) { return log_ids.integers[static_cast<size_t>(i)]; };
  const auto text = [&](int64_t i) { return log_ids.view(i); };
  pool.parallel_for((client_ids.rows + kBlockRows - 1) / kBlockRows, [&](int64_t block, int) {
    const int64_t last = std::min(client_ids.rows, (block + 1) * kBlockRows);
    for (int64_t row = block * kBlockRows; row < last; ++row)
      match[static_cast<size_t>(row)] = client_ids.kind == IdColumn::Kind::integer
                                            ? search(integer, client_ids.integers[static_cast<size_t>(row)])
                                            : search(text, client_ids.view(row));
  });
  return match;
}

template <class T>
std::vector<T> gather(const std::vector<T>& from, const std::vector<int64_t>& match, T absent) {
  std::vector<T> out(match.size(), absent);
  for (size_t i = 0; i < match.size(); ++i)
    if (match[i] >= 0) out[i] = from[static_cast<size_t>(match[i])];
  return out;
}

}  // namespace

std::unique_ptr<Source> join_behaviour(std::unique_ptr<Source> clients, const IdColumn& client_ids,
                                       BehaviourTable& table, const IdColumn& log_ids, ThreadPool& pool) {
  const Schema& schema = table.source->schema();
  check_join(clients->schema(), schema, client_ids, log_ids);
  const std::vector<int64_t> match = match_ids(client_ids, log_ids, pool);
  const auto matched = static_cast<int64_t>(match.size()) - std::count(match.begin(), match.end(), int64_t{-1});
  std::vector<int8_t> in_table(static_cast<size_t>(log_ids.rows), 0);
  for (const int64_t m : match)
    if (m >= 0) in_table[static_cast<size_t>(m)] = 1;
  table.report["table_rows"] = client_ids.rows;
  table.report["table_rows_without_events"] = client_ids.rows - matched;
  table.report["log_clients_not_in_table"] = std::count(in_table.begin(), in_table.end(), int8_t{0});

  std::vector<std::vector<double>> columns;
  std::vector<double> values(static_cast<size_t>(table.source->rows()));
  for (int c = 0; c < static_cast<int>(schema.columns.size()); ++c) {
    table.source->read(0, std::span<const int>(&c, 1), {values.data(), table.source->rows(), 1, table.source->rows()});
    columns.push_back(gather(values, match, static_cast<double>(NAN)));
  }
  const bool leave_out = table.paying_only && matched < client_ids.rows;
  if (leave_out && table.excluded.empty()) table.excluded.resize(static_cast<size_t>(log_ids.rows));
  const Exclusion absent = leave_out ? Exclusion::no_events : Exclusion::none;
  if (!table.excluded.empty()) table.excluded = gather(table.excluded, match, static_cast<int8_t>(absent));
  table.checks.push_back(Json{{"check", "clients without events"},
                              {"policy", leave_out ? "paying_only" : "behaviour is missing"},
                              {"found", client_ids.rows - matched},
                              {"excluded", leave_out ? client_ids.rows - matched : 0},
                              {"detail", ""}});
  return std::make_unique<JoinedSource>(std::move(clients), schema, std::move(columns));
}

}  // namespace clientele
