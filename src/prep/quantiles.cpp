#include <algorithm>
#include <cmath>

#include "block_walk.h"
#include "clientele/compute/formulas.h"
#include "clientele/prep/normalise.h"
#include "order_search.h"

namespace clientele {
namespace {

/// A column is held and sorted where it is short, or where many order statistics are wanted (knots of quantile
/// normalisation); else counting needs no memory per row.
constexpr size_t kMostCountedRanks = 16;
constexpr int64_t kFewestCountedRows = 1 << 18;
/// Count tables of one worker: 128 of 65,536 counts are 64 MiB.
constexpr size_t kTablesPerWorker = 128;
constexpr int64_t kSortBytes = int64_t{256} << 20;

/// As many as the job's memory allows.
size_t tables_per_worker(const Env& env) {
  if (env.memory.tables_bytes == 0) return kTablesPerWorker;
  const int64_t table = int64_t{kDigits} * static_cast<int64_t>(sizeof(int64_t));
  return std::clamp<size_t>(static_cast<size_t>(env.memory.tables_bytes / (table * env.pool.threads())), 1,
                            kTablesPerWorker);
}

/// One column's wanted positions and what was found there.
struct Wanted {
  int column = 0;
  int64_t present = 0;
  std::vector<int64_t> ranks;  ///< ascending, distinct
  std::vector<double> values;  ///< one per rank

  double at(int64_t rank) const {
    return values[static_cast<size_t>(std::lower_bound(ranks.begin(), ranks.end(), rank) - ranks.begin())];
  }
};

Wanted wanted_ranks(int column, const Moments& m, std::span<const double> probabilities) {
  Wanted wanted{column, m.present, {}, {}};
  if (m.present == 0) return wanted;
  for (const double p : probabilities) {
    const QuantilePosition at = quantile_position(m.present, p);
    wanted.ranks.push_back(at.low);
    wanted.ranks.push_back(at.high);
  }
  std::sort(wanted.ranks.begin(), wanted.ranks.end());
  wanted.ranks.erase(std::unique(wanted.ranks.begin(), wanted.ranks.end()), wanted.ranks.end());
  wanted.values.assign(wanted.ranks.size(), m.min);
  return wanted;
}

/// True if the least and the largest value, which are known, are all that is wanted.
bool known_from(const Moments& m, Wanted& wanted) {
  for (size_t i = 0; i < wanted.ranks.size(); ++i) {
    if (wanted.ranks[i] != 0 && wanted.ranks[i] != m.present - 1 && m.min != m.max) return false;
    wanted.values[i] = wanted.ranks[i] == 0 ? m.min : m.max;
  }
  return true;
}

void search_by_counting(const CleanReader& reader, std::span<Wanted* const> group, Env& env) {
  std::vector<int> columns;
  std::vector<std::vector<int64_t>> ranks;
  for (const Wanted* w : group) {
    columns.push_back(w->column);
    ranks.push_back(w->ranks);
  }
  const RowRange range = rank_rows(reader.rows(), env.comm.rank(), env.comm.size());
  const ReadRows read = [&](int64_t first, std::span<const int> which, ColumnsView<double> out) {
    reader.read(first, which, out);
  };
  OrderSearch search(ranks);
  std::vector<std::vector<int64_t>> counts(static_cast<size_t>(env.pool.threads()));
  while (!search.done()) {
    const size_t size = columns.size() * static_cast<size_t>(search.targets()) * kDigits;
    for (auto& table : counts) table.clear();
    counts[0].assign(size, 0);
    walk_blocks(read, range, columns, env, [&](const Piece& piece) {
      auto& mine = counts[static_cast<size_t>(piece.worker)];
      if (mine.empty()) mine.assign(size, 0);
      env.backend.column_ops().count_digits(piece.values, search.level(), search.targets(), search.prefixes(), mine);
    });
    for (size_t worker = 1; worker < counts.size(); ++worker)
      for (size_t i = 0; i < counts[worker].size(); ++i) counts[0][i] += counts[worker][i];
    env.comm.sum(counts[0]);
    search.narrow(counts[0]);
  }
  for (size_t c = 0; c < group.size(); ++c)
    for (size_t i = 0; i < ranks[c].size(); ++i) group[c]->values[i] = search.lowest(c, i);
}

void search_by_sorting(const CleanReader& reader, std::span<Wanted* const> group, Env& env) {
  std::vector<int> columns;
  for (const Wanted* w : group) columns.push_back(w->column);
  const RowRange range = rank_rows(reader.rows(), env.comm.rank(), env.comm.size());
  const ReadRows read = [&](int64_t first, std::span<const int> which, ColumnsView<double> out) {
    reader.read(first, which, out);
  };
  std::vector<std::vector<double>> held(group.size(),
                                        std::vector<double>(static_cast<size_t>(range.last - range.first)));
  walk_blocks(read, range, columns, env, [&](const Piece& piece) {
    for (size_t c = 0; c < held.size(); ++c) {
      const auto values = piece.values.column(static_cast<int64_t>(c));
      std::copy(values.begin(), values.end(), held[c].begin() + (piece.first_row - range.first));
    }
  });
  if (env.comm.size() > 1)
    for (auto& values : held) values = env.comm.gather_all(std::span<const double>(values));
  env.pool.parallel_for(static_cast<int64_t>(group.size()), [&](int64_t c, int) {
    auto& values = held[static_cast<size_t>(c)];
    std::erase_if(values, [](double x) { return std::isnan(x); });
    std::sort(values.begin(), values.end());
    Wanted& wanted = *group[static_cast<size_t>(c)];
    for (size_t i = 0; i < wanted.ranks.size(); ++i) wanted.values[i] = values[static_cast<size_t>(wanted.ranks[i])];
  });
}

/// Calls search on consecutive groups of at most `most` columns.
template <class Search>
void in_groups(std::vector<Wanted*>& all, size_t most, const Search& search) {
  most = std::max<size_t>(most, 1);
  for (size_t first = 0; first < all.size(); first += most)
    search(std::span<Wanted* const>(all).subspan(first, std::min(most, all.size() - first)));
}

}  // namespace

std::vector<std::vector<double>> exact_quantiles(Source& source, const CleanRows& rows, std::span<const int> columns,
                                                 std::span<const Curve> curves, std::span<const double> probabilities,
                                                 Env& env) {
  const CleanReader reader(source, rows);
  std::vector<Wanted> wanted;
  for (const int c : columns) wanted.push_back(wanted_ranks(c, rows.moments[static_cast<size_t>(c)], probabilities));
  std::vector<Wanted*> counted, sorted;
  size_t most_ranks = 1;
  for (Wanted& w : wanted) {
    if (known_from(rows.moments[static_cast<size_t>(w.column)], w)) continue;
    const bool counts = w.ranks.size() <= kMostCountedRanks && w.present >= kFewestCountedRows;
    (counts ? counted : sorted).push_back(&w);
    if (counts) most_ranks = std::max(most_ranks, w.ranks.size());
  }
  const int64_t sort_bytes = env.memory.tables_bytes > 0 ? std::min(kSortBytes, env.memory.tables_bytes) : kSortBytes;
  in_groups(counted, tables_per_worker(env) / most_ranks, [&](auto group) { search_by_counting(reader, group, env); });
  in_groups(sorted, static_cast<size_t>(sort_bytes / (8 * rows.kept)),
            [&](auto group) { search_by_sorting(reader, group, env); });

  std::vector<std::vector<double>> out;
  for (size_t c = 0; c < wanted.size(); ++c) {
    auto& of_column = out.emplace_back(probabilities.size(), NAN);
    if (wanted[c].present == 0) continue;
    const Curve curve = curves.empty() ? Curve::none : curves[c];
    for (size_t i = 0; i < probabilities.size(); ++i) {
      const QuantilePosition at = quantile_position(wanted[c].present, probabilities[i]);
      const double low = apply_curve(curve, wanted[c].at(at.low));
      const double high = apply_curve(curve, wanted[c].at(at.high));
      of_column[i] = between(at.f, low, high);
    }
  }
  return out;
}

}  // namespace clientele
