#include <algorithm>
#include <cmath>
#include <numeric>

#include "charts.h"
#include "numbers.h"
#include "widgets.h"

namespace clientele::page {

namespace {

constexpr size_t kMostColumns = 40;
constexpr size_t kNamedSegments = 10;  // more than this and the heads show the ids only
constexpr double kSteps[] = {0.15, 0.5, 1, 2};

// Colour class: z0 for about average, zp1..zp4 above, zn1..zn4 below.
std::string shade(double z) {
  if (!std::isfinite(z)) return "z none";
  int step = 0;
  for (double limit : kSteps) step += std::fabs(z) >= limit ? 1 : 0;
  if (step == 0) return "z z0";
  return (z > 0 ? "z zp" : "z zn") + std::to_string(step);
}

double spread(const ReportData& data, size_t column) {
  double low = 0, high = 0;
  for (const Segment& s : data.segments) {
    const double z = s.numbers[column]["z"].number();
    if (std::isfinite(z)) low = std::min(low, z), high = std::max(high, z);
  }
  return high - low;
}

Html map_row(const ReportData& data, size_t index, bool values) {
  const NumberColumn& column = data.numbers[index];
  Html row =
      row_heading(text(column.name) +
                  (column.unit.empty() ? Html() : " "_html + element("span", {{"class", "unit"}}, text(column.unit))));
  for (const Segment& s : data.segments) {
    const double z = s.numbers[index]["z"].number();
    const std::string mean = column.show(s.numbers[index]["mean"].number());
    const std::string tip =
        s.name + ", " + column.name + ": z " + signed_score(z) + ", mean " + mean + " " + column.unit;
    row << element("td", {{"class", shade(z)}, {"title", tip}},
                   values ? text(signed_score(z)) : element("span", {{"class", "hidden"}}, text(signed_score(z))));
  }
  return element("tr", row);
}

Html legend() {
  struct Step {
    const char* css;
    const char* words;
  };
  constexpr Step steps[] = {{"z zn4", "−2 and less"}, {"z zn3", "−1"},     {"z zn2", "−0.5"},
                            {"z zn1", "−0.15"},       {"z z0", "average"}, {"z zp1", "+0.15"},
                            {"z zp2", "+0.5"},        {"z zp3", "+1"},     {"z zp4", "+2 and more"}};
  Html items;
  for (const Step& s : steps) items << element("span", {{"class", s.css}}, text(s.words));
  return element("div", {{"class", "legend"}, {"aria-hidden", "true"}}, items);
}

Html head(const ReportData& data) {
  const bool named = data.segments.size() <= kNamedSegments;
  Html cells = element("th", {{"scope", "col"}}, "Column"_html);
  for (const Segment& s : data.segments) {
    Html label = element("span", {{"class", "badge"}}, text(s.id));
    if (named) label << " "_html << text(shorten(s.name, 42));
    cells << element("th", {{"scope", "col"}, {"title", s.name + ", " + percent(s.share)}}, label);
  }
  return element("thead", element("tr", cells));
}

Html band(const std::string& title, size_t columns) {
  return element("tr", {{"class", "band"}},
                 element("th", {{"scope", "rowgroup"}, {"colspan", std::to_string(columns)}}, text(title)));
}

}  // namespace

Html chart_heatmap(const ReportData& data) {
  if (data.segments.size() < 2 || data.numbers.empty()) return {};
  std::vector<size_t> order(data.numbers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::vector<double> spreads;
  for (size_t i = 0; i < data.numbers.size(); ++i) spreads.push_back(spread(data, i));
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return spreads[a] > spreads[b]; });
  const size_t shown = std::min(order.size(), kMostColumns);
  order.resize(shown);
  std::stable_partition(order.begin(), order.end(), [&](size_t i) { return data.numbers[i].clustered; });

  const bool values = data.segments.size() <= 16;
  const bool mixed = data.numbers[order.front()].clustered != data.numbers[order.back()].clustered;
  Html rows;
  for (size_t i = 0; i < shown; ++i) {
    const NumberColumn& column = data.numbers[order[i]];
    if (mixed && (i == 0 || data.numbers[order[i - 1]].clustered != column.clustered))
      rows << band(column.clustered ? "Used to form the segments" : "Described only, had no part in forming them",
                   data.segments.size() + 1);
    rows << map_row(data, order[i], values);
  }
  Html out = note(
      "Each segment's mean of each column as a z-score: standard deviations above (orange) or below (blue) the mean of "
      "everyone. Columns that differ most stand first; hover for means.");
  out << legend();
  const Html map = element("table", {{"class", values ? "heat" : "heat dense"}},
                           element("caption", "Centroids as z-scores"_html) + head(data) + element("tbody", rows));
  out << element("div", {{"class", "scroll"}}, map);
  if (shown < data.numbers.size())
    out << note("The " + std::to_string(shown) + " columns that differ most, of " +
                number(static_cast<double>(data.numbers.size())) + "; profiles.csv has all.");
  return out;
}

}  // namespace clientele::page
