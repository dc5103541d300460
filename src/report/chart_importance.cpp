#include <algorithm>
#include <cmath>

#include "charts.h"
#include "numbers.h"
#include "widgets.h"

namespace clientele::page {

namespace {
constexpr size_t kMostFeatures = 30;
}

Html chart_importance(const ReportData& data) {
  std::vector<std::pair<double, std::string>> features;
  for (const Node& f : data.profiles["features"].elements())
    features.emplace_back(f["importance"].number(), f["name"].text());
  std::stable_sort(features.begin(), features.end(), [](const auto& a, const auto& b) {
    return std::isfinite(a.first) && (!std::isfinite(b.first) || a.first > b.first);
  });
  if (data.segments.size() == 1 || features.empty() || !std::isfinite(features[0].first)) return {};
  const size_t shown = std::min(features.size(), kMostFeatures);
  Html rows;
  for (size_t i = 0; i < shown; ++i)
    rows << element("tr", row_heading(text(features[i].second)) +
                              element("td", {{"class", "wide"}}, bar(features[i].first)) +
                              number_cell(percent(features[i].first)));
  Html out = note(
      "The share of each feature's variance that lies between the segments: 100% means the segments explain it, 0% "
      "that they "
      "do not differ in it.");
  out << table("Share of variance between segments", {{"Feature"}, {"Importance"}, {"Share", true}}, rows, "bars");
  if (shown < features.size())
    out << note("The " + number(static_cast<double>(shown)) + " strongest of " +
                number(static_cast<double>(features.size())) + " features; profiles.json has all.");
  return out;
}

}  // namespace clientele::page
