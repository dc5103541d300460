#include "client_rows.h"

#include <limits>

namespace clientele {
namespace {

/// Values of kept rows at the places that were kept, `absent` elsewhere. Frees `kept`.
template <class T>
std::vector<T> spread(std::vector<T>& kept, const std::vector<int8_t>& excluded, T absent) {
  std::vector<T> all(excluded.size(), absent);
  size_t next = 0;
  for (size_t row = 0; row < all.size(); ++row)
    if (excluded[row] == 0) all[row] = kept[next++];
  std::vector<T>().swap(kept);
  return all;
}

}  // namespace

SegmentRows ClientRows::view(const IdColumn& ids) const {
  return {&ids, segment, distance, second_best, margin, excluded};
}

ClientRows spread_rows(Published& published, CleanRows& rows) {
  ClientRows out;
  out.excluded = std::move(rows.excluded);
  if (out.excluded.empty()) {
    out.excluded.assign(published.label.size(), 0);
    out.segment = std::move(published.label);
    out.second_best = std::move(published.second);
    out.distance = std::move(published.distance);
    out.margin = std::move(published.margin);
    return out;
  }
  constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
  out.segment = spread(published.label, out.excluded, -1);
  out.second_best = spread(published.second, out.excluded, -1);
  out.distance = spread(published.distance, out.excluded, kNone);
  out.margin = spread(published.margin, out.excluded, kNone);
  return out;
}

Json exclusion_counts(const std::vector<int8_t>& excluded) {
  const std::vector<std::string> names = exclusion_names();
  std::vector<int64_t> counts(names.size());
  for (const int8_t reason : excluded) ++counts[static_cast<size_t>(reason)];
  Json json = Json::object();
  for (size_t reason = 1; reason < counts.size(); ++reason)
    if (counts[reason] > 0) json[names[reason]] = counts[reason];
  return json;
}

}  // namespace clientele
