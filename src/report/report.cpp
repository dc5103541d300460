#include "clientele/report/report.h"

#include <cmath>
#include <string>

#include "charts.h"
#include "numbers.h"
#include "report_data.h"
#include "style.h"
#include "widgets.h"
#include "words.h"

namespace clientele {

namespace {

using namespace page;

std::string file_name(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

Html subtitle(const ReportData& data) {
  std::string words;
  const auto add = [&](const std::string& part) { words += (words.empty() || part.empty() ? "" : " · ") + part; };
  const std::vector<Node> files = data.run["input"]["files"].elements();
  if (!files.empty())
    add(file_name(files[0]["path"].line()) +
        (files.size() > 1 ? " and " + counted(static_cast<double>(files.size() - 1), "more file", "more files") : ""));
  if (data.run["input"]["columns"].is_number())
    add(counted(data.run["input"]["columns"].number(), "column", "columns"));
  const Node seed = data.result["seed"].present() ? data.result["seed"] : data.run["seed"];
  if (seed.present()) add("seed " + seed.line());
  if (data.run["program"]["version"].present()) add("clientele " + data.run["program"]["version"].line());
  return words.empty() ? Html() : element("p", {{"class", "subtitle"}}, text(words));
}

Html headline_tiles(const ReportData& data) {
  const double kept = data.run["rows"]["kept"].number(data.quality["kept_rows"].number());
  const double read = data.run["rows"]["read"].number(data.quality["source_rows"].number());
  Html tiles;
  if (std::isfinite(kept))
    tiles << tile(number(kept), "clients segmented",
                  std::isfinite(read) && read > kept ? number(read - kept) + " left out" : "");
  const double k = data.result["k"].number(static_cast<double>(data.segments.size()));
  tiles << tile(number(k), k == 1 ? "segment" : "segments");
  for (const Node& score : data.result["scores"].elements())
    if (score["metric"].text() == "silhouette" && std::isfinite(score["value"].number()))
      tiles << tile(hundredths(score["value"].number()), "silhouette", "−1 to 1, higher is better");
  const double outliers = data.result["outliers"]["rows"].number();
  if (std::isfinite(outliers)) tiles << tile(number(outliers), outliers == 1 ? "outlier" : "outliers");
  const double iterations = data.result["iterations"].number();
  if (std::isfinite(iterations))
    tiles << tile(
        number(iterations), iterations == 1 ? "iteration" : "iterations",
        data.result["converged"].present() ? (data.result["converged"].truth() ? "converged" : "not converged") : "");
  const double seconds = data.run["seconds"].number();
  if (std::isfinite(seconds)) tiles << tile(duration(seconds), "run time");
  return element("div", {{"class", "tiles"}}, tiles);
}

constexpr std::string_view kNoSegments = "No segments worth having.";

/// That the segments should not be relied on, and why: before anything else.
Html verdict(const ReportData& data) {
  const Node choice = data.result["choice"];
  if (choice["worth_having"].truth(true)) return {};
  Html reasons;
  for (const Node& doubt : choice["doubts"].elements()) reasons << element("li", text(doubt.line()));
  return element("div", {{"class", "warnings"}, {"role", "note"}},
                 element("strong", text(kNoSegments)) + element("ul", reasons) +
                     element("p",
                             "What this page shows is the best division of what there is. It can rank or portion "
                             "clients; do not read the parts as kinds of client."_html));
}

/// Without the one that the verdict has told.
Html warnings(const ReportData& data) {
  Html items;
  double count = 0;
  for (const Node& w : data.run["warnings"].elements()) {
    if (w.line().starts_with(kNoSegments)) continue;
    items << element("li", text(w.line()));
    ++count;
  }
  if (items.empty()) return {};
  const std::string title = counted(count, "warning", "warnings");
  return element("div", {{"class", "warnings"}, {"role", "note"}},
                 element("strong", text(title)) + element("ul", items));
}

Html head() {
  Html out = leaf("meta", {{"charset", "utf-8"}}) +
             leaf("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
  // Even if some text did get through as markup, the browser would load and run nothing.
  out << leaf("meta", {{"http-equiv", "Content-Security-Policy"},
                       {"content", "default-src 'none'; style-src 'unsafe-inline'"}});
  out << leaf("meta", {{"name", "color-scheme"}, {"content", "light dark"}}) << element("title", "Client segments"_html)
      << style_sheet();
  return element("head", out);
}

}  // namespace

std::string report_html(const ReportInput& input) {
  const ReportData data(input);
  Html sections, links;
  for (const Chart& chart : charts()) {
    const Html drawn = chart.draw(data);
    if (drawn.empty()) continue;
    links << element("li", element("a", {{"href", std::string("#") + chart.id}}, text(chart.title)));
    sections << element("section", {{"id", chart.id}}, element("h2", text(chart.title)) + drawn) << "\n"_html;
  }
  const Html nav = links.empty() ? Html() : element("nav", {{"aria-label", "Contents"}}, element("ul", links));
  const Html top = element("header", element("h1", "Client segments"_html) + subtitle(data) + verdict(data) +
                                         element("p", {{"class", "summary"}}, summary(data)) + headline_tiles(data) +
                                         warnings(data) + nav);
  const Html foot = element(
      "footer",
      element(
          "p",
          "Made from run.json, profiles.json and data_quality.json beside this page; segments.h5ad holds every client."_html));
  return "<!DOCTYPE html>\n" +
         element("html", {{"lang", "en"}}, head() + element("body", top + element("main", sections) + foot)).str() +
         "\n";
}

}  // namespace clientele
