#include <algorithm>
#include <cmath>

#include "charts.h"
#include "numbers.h"
#include "widgets.h"

namespace clientele::page {

Html chart_sizes(const ReportData& data) {
  double largest = 0, all = 0;
  for (const Segment& s : data.segments) {
    if (std::isfinite(s.share)) largest = std::max(largest, s.share);
    if (std::isfinite(s.rows)) all += s.rows;
  }
  if (largest <= 0) return {};
  const Node outliers = data.result["outliers"];
  std::vector<Heading> headings = {{"Segment"}, {"Size"}, {"Clients", true}};
  if (data.weighted) headings.push_back({"Weight", true, "Sum of the weights of these clients"});
  headings.push_back({"Share", true, data.weighted ? "Of the sum of the weights" : ""});
  if (outliers.present()) headings.push_back({"Outliers", true, "Clients far from the centre of their segment"});
  Html rows;
  for (size_t i = 0; i < data.segments.size(); ++i) {
    const Segment& s = data.segments[i];
    Html cells = row_heading(segment_label(s, true)) + element("td", {{"class", "wide"}}, bar(s.share / largest)) +
                 number_cell(number(s.rows));
    if (data.weighted) cells << number_cell(number(s.weight));
    cells << number_cell(percent(s.share));
    if (outliers.present()) cells << number_cell(number(outliers["sizes"].at(i).number()));
    rows << element("tr", cells);
  }
  const double marked = outliers["rows"].number();
  const Html how = outliers.present()
                       ? note("Outliers: the farthest " + percent(marked / all) + " of the clients, " + number(marked) +
                              " that lie farther than " + number(outliers["threshold"].number()) +
                              " from the centre of their segment; column outlier of segments.h5ad names them. A "
                              "farthest part there is among any clients: these are the first to look at, no more.")
                       : Html();
  const Html by_weight = data.weighted ? note(
                                             "The job is weighted: each client counts as often as its weight says in "
                                             "shares, means, quantiles and scores, and in the share that outliers are. "
                                             "Numbers of clients, and of missing values, are of rows.")
                                       : Html();
  return table("Clients in each segment", headings, rows, "bars") + by_weight + how;
}

}  // namespace clientele::page
