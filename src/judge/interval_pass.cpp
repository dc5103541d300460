#include "interval_pass.h"

#include <algorithm>

#include "clientele/compute/formulas.h"

namespace clientele {

void split_interval(const ValueInterval& whole, std::span<const uint64_t> keys, std::span<const int64_t> values,
                    std::span<const int64_t> weights, std::vector<ValueInterval>& out, std::vector<double>& results) {
  int64_t before = 0;
  auto wanted = whole.wanted.begin();
  for (size_t part = 0; part < weights.size() && wanted != whole.wanted.end(); before += weights[part++]) {
    ValueInterval inside{.column = whole.column,
                         .group = whole.group,
                         .bin = whole.bin,
                         .key_low = keys[part],
                         .key_high = keys[part + 1],
                         .values = values[part],
                         .weight = weights[part],
                         .wanted = {}};
    for (; wanted != whole.wanted.end() && wanted->rank < before + weights[part]; ++wanted)
      inside.wanted.push_back({wanted->rank - before, wanted->result});
    if (inside.wanted.empty()) continue;
    if (inside.key_high - inside.key_low == 1) {
      for (const WantedRank& rank : inside.wanted) results[rank.result] = ordered_value(inside.key_low);
      continue;
    }
    out.push_back(std::move(inside));
  }
}

IntervalPass::IntervalPass(std::vector<ValueInterval> intervals, std::span<const ValueBins> bins,
                           const LabelledRows& rows, int64_t budget)
    : intervals_(std::move(intervals)),
      bins_(bins),
      rows_(rows),
      groups_(rows.k() + 1),
      slots_(intervals_.size()),
      filled_(intervals_.size()) {
  std::stable_sort(intervals_.begin(), intervals_.end(),
                   [](const ValueInterval& a, const ValueInterval& b) { return a.values < b.values; });
  for (const ValueBins& each : bins_) most_bins_ = std::max(most_bins_, each.bins());
  int64_t total = 0;
  for (size_t i = 0; i < slots_.size(); ++i) {
    const ValueInterval& interval = intervals_[i];
    if (total + interval.values <= budget) {
      slots_[i].begin = total;
      total += interval.values;
    } else {
      slots_[i].counter = counters_;
      slots_[i].edges = bins_[static_cast<size_t>(interval.column)].split(interval.key_low, interval.key_high);
      counters_ += 2 * (static_cast<int64_t>(slots_[i].edges.size()) - 1);
    }
  }
  gathered_.resize(static_cast<size_t>(total));
  if (rows.weighted()) gathered_weights_.resize(gathered_.size());
  index(rows.k());
}

size_t IntervalPass::head_index(int column, int group, int bin) const {
  return (static_cast<size_t>(column) * static_cast<size_t>(groups_) + static_cast<size_t>(group)) *
             static_cast<size_t>(most_bins_) +
         static_cast<size_t>(bin);
}

size_t IntervalPass::flag_index(int column, int segment) const {
  return (static_cast<size_t>(column) * static_cast<size_t>(groups_ - 1) + static_cast<size_t>(segment)) *
         static_cast<size_t>(most_bins_);
}

void IntervalPass::index(int k) {
  heads_.assign(head_index(static_cast<int>(bins_.size()), 0, 0), -1);
  flags_.assign(flag_index(static_cast<int>(bins_.size()), 0), 0);
  used_.assign(bins_.size(), false);
  for (size_t i = 0; i < intervals_.size(); ++i) {
    const ValueInterval& interval = intervals_[i];
    int32_t& head = heads_[head_index(interval.column, interval.group, interval.bin)];
    slots_[i].next = head;
    head = static_cast<int32_t>(i);
    used_[static_cast<size_t>(interval.column)] = true;
    const bool all = interval.group == k;
    for (int c = all ? 0 : interval.group; c < (all ? k : interval.group + 1); ++c)
      flags_[flag_index(interval.column, c) + static_cast<size_t>(interval.bin)] = 1;
  }
}

void IntervalPass::take(int32_t head, double x, int64_t m, std::vector<int64_t>& counts) {
  for (int32_t at = head; at >= 0; at = slots_[static_cast<size_t>(at)].next) {
    const size_t i = static_cast<size_t>(at);
    const uint64_t key = ordered_key(x);
    if (key < intervals_[i].key_low || key >= intervals_[i].key_high) continue;
    const Slot& slot = slots_[i];
    if (slot.begin >= 0) {
      const size_t place = static_cast<size_t>(slot.begin + filled_[i].fetch_add(1, std::memory_order_relaxed));
      gathered_[place] = x;
      if (!gathered_weights_.empty()) gathered_weights_[place] = m;
      continue;
    }
    const auto part = std::upper_bound(slot.edges.begin(), slot.edges.end(), key) - slot.edges.begin() - 1;
    const size_t parts = slot.edges.size() - 1;
    const size_t counter = static_cast<size_t>(slot.counter + part);
    ++counts[counter];
    counts[counter + parts] += m;
  }
}

void IntervalPass::look(int position, int column, const LabelledPiece& piece, std::vector<int64_t>& counts) {
  const ValueBins& bins = bins_[static_cast<size_t>(column)];
  const int8_t* flags = flags_.data() + flag_index(column, 0);
  const int32_t* labels = piece.labels().data();
  size_t row = 0;
  bins.each(piece.column(position), [&](double x, int bin) {
    const size_t i = row++;
    const int32_t c = labels[i];
    if (flags[c * most_bins_ + bin] == 0 || x != x) return;
    const int64_t m = piece.weight(i);
    if (m == 0) return;
    take(heads_[head_index(column, c, bin)], x, m, counts);
    take(heads_[head_index(column, groups_ - 1, bin)], x, m, counts);
  });
}

void IntervalPass::share(Comm& comm) {
  if (comm.size() == 1) return;
  std::vector<int64_t> sizes;
  for (const auto& each : filled_) sizes.push_back(each.load());
  const std::vector<int64_t> all = comm.gather_all<int64_t>(sizes);
  share(gathered_, sizes, all, comm);
  if (!gathered_weights_.empty()) share(gathered_weights_, sizes, all, comm);
}

template <class T>
void IntervalPass::share(std::vector<T>& gathered, std::span<const int64_t> own_sizes, std::span<const int64_t> sizes,
                         Comm& comm) {
  std::vector<T> own;
  for (size_t i = 0; i < slots_.size(); ++i)
    if (slots_[i].begin >= 0)
      own.insert(own.end(), gathered.begin() + slots_[i].begin, gathered.begin() + slots_[i].begin + own_sizes[i]);
  const std::vector<T> all = comm.gather_all<T>(own);
  std::vector<int64_t> ends(slots_.size());
  auto from = all.begin();
  for (size_t entry = 0; entry < sizes.size(); ++entry) {
    const size_t i = entry % slots_.size();
    if (slots_[i].begin < 0) continue;
    std::copy_n(from, sizes[entry], gathered.begin() + slots_[i].begin + ends[i]);
    ends[i] += sizes[entry];
    from += sizes[entry];
  }
}

void IntervalPass::select(const ValueInterval& interval, std::span<double> values, std::vector<double>& results) const {
  auto from = values.begin();
  for (const WantedRank& wanted : interval.wanted) {
    const auto at = values.begin() + wanted.rank;
    if (at >= from) {
      std::nth_element(from, at, values.end());
      from = at + 1;
    }
    results[wanted.result] = *at;
  }
}

void IntervalPass::select(const ValueInterval& interval, std::span<const double> values,
                          std::span<const int64_t> weights, std::vector<double>& results) const {
  std::vector<std::pair<double, int64_t>> order;
  for (size_t i = 0; i < values.size(); ++i) order.emplace_back(values[i], weights[i]);
  std::sort(order.begin(), order.end());
  auto at = order.begin();
  int64_t up_to = at->second;
  for (const WantedRank& wanted : interval.wanted) {
    while (wanted.rank >= up_to) up_to += (++at)->second;
    results[wanted.result] = at->first;
  }
}

std::vector<ValueInterval> IntervalPass::answer(std::span<const int64_t> counts, ThreadPool& pool,
                                                std::vector<double>& results) {
  std::vector<ValueInterval> left;
  std::vector<size_t> ready;
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].begin >= 0) {
      ready.push_back(i);
      continue;
    }
    const size_t parts = slots_[i].edges.size() - 1, counter = static_cast<size_t>(slots_[i].counter);
    split_interval(intervals_[i], slots_[i].edges, counts.subspan(counter, parts),
                   counts.subspan(counter + parts, parts), left, results);
  }
  pool.parallel_for(static_cast<int64_t>(ready.size()), [&](int64_t index, int) {
    const ValueInterval& interval = intervals_[ready[static_cast<size_t>(index)]];
    const size_t begin = static_cast<size_t>(slots_[ready[static_cast<size_t>(index)]].begin);
    const size_t values = static_cast<size_t>(interval.values);
    if (gathered_weights_.empty())
      select(interval, std::span(gathered_).subspan(begin, values), results);
    else
      select(interval, std::span(gathered_).subspan(begin, values), std::span(gathered_weights_).subspan(begin, values),
             results);
  });
  return left;
}

std::vector<ValueInterval> IntervalPass::run(std::span<const int> columns, std::vector<double>& results) {
  Env& env = rows_.env();
  std::vector<int> read, positions;
  for (size_t c = 0; c < used_.size(); ++c) {
    if (!used_[c]) continue;
    read.push_back(columns[c]);
    positions.push_back(static_cast<int>(c));
  }
  std::vector<std::vector<int64_t>> counts(static_cast<size_t>(env.pool.threads()),
                                           std::vector<int64_t>(static_cast<size_t>(counters_)));
  rows_.walk(read, [&](const LabelledPiece& piece) {
    for (size_t c = 0; c < positions.size(); ++c)
      look(static_cast<int>(c), positions[c], piece, counts[static_cast<size_t>(piece.worker)]);
  });
  for (size_t worker = 1; worker < counts.size(); ++worker)
    for (size_t i = 0; i < counts[0].size(); ++i) counts[0][i] += counts[worker][i];
  env.comm.sum(counts[0]);
  share(env.comm);
  return answer(counts[0], env.pool, results);
}

}  // namespace clientele
