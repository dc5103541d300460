#include <cmath>

#include "charts.h"
#include "numbers.h"
#include "widgets.h"

namespace clientele::page {

Html chart_scores(const ReportData& data) {
  Html rows;
  for (const Node& score : data.result["scores"].elements()) {
    const std::string metric = score["metric"].text();
    const double value = score["value"].number(), low = score["low"].number(), high = score["high"].number();
    const std::string interval =
        std::isfinite(low) && std::isfinite(high) && low < high ? number(low) + " to " + number(high) : "exact";
    const std::string better =
        score["higher_is_better"].present() ? (score["higher_is_better"].truth() ? "higher" : "lower") : "–";
    const std::string help = metric_help(metric);
    rows << element("tr", row_heading(text(metric_title(metric))) + number_cell(number(value)) +
                              number_cell(std::isfinite(value) ? interval : "–") + cell(better) +
                              number_cell(number(score["rows"].number())) + cell(help));
  }
  if (rows.empty()) return {};
  return table(
      "Metrics of the published segments",
      {{"Metric"}, {"Value", true}, {"95% interval", true}, {"Better"}, {"Clients used", true}, {"How to read it"}},
      rows, "scores");
}

}  // namespace clientele::page
