#include <algorithm>
#include <cmath>

#include "charts.h"
#include "numbers.h"
#include "widgets.h"

namespace clientele::page {

Html chart_sizes(const ReportData& data) {
  double largest = 0;
  for (const Segment& s : data.segments)
    if (std::isfinite(s.share)) largest = std::max(largest, s.share);
  if (largest <= 0) return {};
  Html rows;
  for (const Segment& s : data.segments)
    rows << element("tr", row_heading(segment_label(s, true)) +
                              element("td", {{"class", "wide"}}, bar(s.share / largest)) + number_cell(number(s.rows)) +
                              number_cell(percent(s.share)));
  return table("Clients in each segment", {{"Segment"}, {"Size"}, {"Clients", true}, {"Share", true}}, rows, "bars");
}

}  // namespace clientele::page
