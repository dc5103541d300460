#include <algorithm>
#include <cmath>

#include "charts.h"
#include "numbers.h"
#include "widgets.h"

namespace clientele::page {

namespace {

std::vector<Node> candidates_by_k(const ReportData& data) {
  std::vector<Node> candidates;
  for (const Node& c : data.result["candidates"].elements())
    if (std::isfinite(c["k"].number())) candidates.push_back(c);
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Node& a, const Node& b) { return a["k"].number() < b["k"].number(); });
  return candidates;
}

Node score_of(const Node& candidate, const std::string& metric) {
  for (const Node& score : candidate["scores"].elements())
    if (score["metric"].text() == metric) return score;
  return {};
}

std::vector<std::string> metrics_of(const std::vector<Node>& candidates) {
  std::vector<std::string> metrics;
  for (const Node& c : candidates)
    for (const Node& score : c["scores"].elements()) {
      const std::string metric = score["metric"].text();
      if (metric != "inertia" && std::find(metrics.begin(), metrics.end(), metric) == metrics.end())
        metrics.push_back(metric);
    }
  return metrics;
}

double chosen_k(const ReportData& data) {
  return data.result["choice"]["k"].number(data.result["k"].number());
}

Html lines(const std::vector<Node>& candidates, const std::vector<std::string>& metrics, double chosen) {
  LineChart inertia{metric_title("inertia"), metric_help("inertia"), "k", {}, chosen};
  for (const Node& c : candidates) inertia.points.push_back({c["k"].number(), c["inertia"].number(), NAN, NAN});
  Html figures = line_chart(inertia);
  for (const std::string& metric : metrics) {
    LineChart chart{metric_title(metric), metric_help(metric), "k", {}, chosen};
    for (const Node& c : candidates) {
      const Node s = score_of(c, metric);
      chart.points.push_back({c["k"].number(), s["value"].number(), s["low"].number(), s["high"].number()});
    }
    figures << line_chart(chart);
  }
  return element("div", {{"class", "figures"}}, figures);
}

Node gate_of(const ReportData& data, double k) {
  for (const Node& gate : data.result["choice"]["gates"].elements())
    if (gate["k"].number() == k) return gate;
  return {};
}

Html numbers_table(const ReportData& data, const std::vector<Node>& candidates, const std::vector<std::string>& metrics,
                   double chosen) {
  std::vector<Heading> headings = {{"k", true}, {"Inertia", true}};
  for (const std::string& metric : metrics) headings.push_back({metric_title(metric), true});
  headings.push_back({"Smallest segment", true, data.weighted ? "Sum of the weights" : ""});
  headings.push_back({"Unstable segments", true});
  headings.push_back({"May win"});
  headings.push_back({"Iterations", true});
  headings.push_back({"Converged"});
  Html rows;
  for (const Node& c : candidates) {
    const double k = c["k"].number();
    Html cells =
        element("th", {{"scope", "row"}, {"class", "n"}}, text(number(k))) + number_cell(number(c["inertia"].number()));
    for (const std::string& metric : metrics) cells << number_cell(number(score_of(c, metric)["value"].number()));
    const Node gate = gate_of(data, k);
    cells << number_cell(number(gate["smallest"].number()))
          << number_cell(c["stability"].present() ? number(gate["unstable"].number()) : "–")
          << cell(gate["passed"].present() ? (gate["passed"].truth() ? "yes" : "no: " + gate["why"].text()) : "–");
    cells << number_cell(number(c["iterations"].number()))
          << cell(c["converged"].present() ? (c["converged"].truth() ? "yes" : "no") : "–");
    rows << element("tr", {{"class", k == chosen ? "chosen-row" : ""}}, cells);
  }
  return table("Every k that was tried", headings, rows);
}

}  // namespace

Html chart_k(const ReportData& data) {
  const std::vector<Node> candidates = candidates_by_k(data);
  const Node choice = data.result["choice"];
  if (candidates.size() < 2 && choice["reason"].text().empty()) return {};
  const double chosen = chosen_k(data);
  Html out;
  if (!choice["reason"].text().empty()) out << element("p", text(choice["reason"].text()));
  Html votes;
  for (const Node& vote : choice["votes"].elements())
    votes << element("li", {{"class", vote["k"].number() == chosen ? "for" : ""}},
                     text(metric_title(vote["metric"].text())) + " → "_html +
                         element("strong", text("k = " + number(vote["k"].number()))));
  if (!votes.empty()) out << element("ul", {{"class", "votes"}}, votes);
  if (candidates.size() < 2) return out;
  const std::vector<std::string> metrics = metrics_of(candidates);
  out << lines(candidates, metrics, chosen) << details("The numbers", numbers_table(data, candidates, metrics, chosen));
  return out;
}

}  // namespace clientele::page
