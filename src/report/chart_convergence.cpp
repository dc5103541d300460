#include <cmath>

#include "charts.h"
#include "numbers.h"
#include "widgets.h"

namespace clientele::page {

Html chart_convergence(const ReportData& data) {
  const std::vector<Node> history = data.result["history"].elements();
  LineChart inertia{"Inertia", "Sum of squared distances to the centres.", "iteration", {}, NAN};
  LineChart moved{"Clients that changed segment", "Logarithmic.", "iteration", {}, NAN, true};
  double repaired = 0;
  for (size_t i = 0; i < history.size(); ++i) {
    const double x = static_cast<double>(i + 1);
    inertia.points.push_back({x, history[i]["inertia"].number(), NAN, NAN});
    moved.points.push_back({x, history[i]["moved"].number(), NAN, NAN});
    repaired += history[i]["repaired"].number(0);
  }
  const Html figures = line_chart(inertia) + line_chart(moved);
  if (figures.empty()) return {};
  const Node result = data.result;
  std::string sentence =
      counted(result["iterations"].number(static_cast<double>(history.size())), "iteration", "iterations");
  if (result["converged"].present())
    sentence += result["converged"].truth() ? "; converged" : "; stopped before it converged";
  if (!result["stopped_by"].text().empty()) sentence += " (stopped by: " + result["stopped_by"].text() + ")";
  if (repaired > 0)
    sentence += "; " + counted(repaired, "empty segment was", "empty segments were") + " refilled on the way";
  return element("p", text(sentence + ".")) + element("div", {{"class", "figures"}}, figures);
}

}  // namespace clientele::page
