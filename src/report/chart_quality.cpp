#include <algorithm>
#include <cmath>

#include "charts.h"
#include "numbers.h"
#include "widgets.h"

namespace clientele::page {

namespace {

constexpr size_t kMostColumns = 1000;

Html tiles(const ReportData& data) {
  const double source = data.quality["source_rows"].number(data.run["rows"]["read"].number());
  const double kept = data.quality["kept_rows"].number(data.run["rows"]["kept"].number());
  Html out;
  if (std::isfinite(source)) out << tile(number(source), "clients read");
  if (std::isfinite(kept))
    out << tile(number(kept), "segmented", std::isfinite(source) && source > 0 ? percent(kept / source) : "");
  if (std::isfinite(source) && std::isfinite(kept)) out << tile(number(source - kept), "left out");
  const double dropped = static_cast<double>(data.quality["dropped_columns"].size());
  if (data.quality["columns"].size() > 0)
    out << tile(number(static_cast<double>(data.quality["columns"].size())), "columns",
                counted(dropped, "dropped", "dropped"));
  return out.empty() ? Html() : element("div", {{"class", "tiles"}}, out);
}

Html checks(const ReportData& data) {
  Html rows;
  for (const Node& c : data.quality["checks"].elements()) {
    const bool loud = c["excluded"].number(0) > 0;
    rows << element("tr", {{"class", loud ? "loud" : ""}},
                    row_heading(text(c["check"].line())) + cell(c["policy"].line()) +
                        number_cell(number(c["found"].number())) + number_cell(number(c["excluded"].number())) +
                        cell(c["detail"].line()));
  }
  if (rows.empty()) return {};
  return table("Checks", {{"Check"}, {"Policy"}, {"Found", true}, {"Clients left out", true}, {"Detail"}}, rows);
}

Html reasons(const ReportData& data) {
  Html rows;
  for (const auto& [reason, count] : data.run["rows"]["excluded"].members())
    rows << element("tr", row_heading(text(reason.empty() ? "–" : reason)) + number_cell(number(count.number())));
  if (rows.empty()) return {};
  return table("Why clients were left out", {{"Reason"}, {"Clients", true}}, rows);
}

Html columns(const ReportData& data) {
  const std::vector<Node> all = data.quality["columns"].elements();
  if (all.empty()) return {};
  const double n = data.quality["source_rows"].number(data.run["rows"]["read"].number());
  const size_t shown = std::min(all.size(), kMostColumns);
  Html rows;
  for (size_t i = 0; i < shown; ++i) {
    const Node& c = all[i];
    const std::string status = c["status"].line();
    const bool day = c["kind"].text() == "time";
    const auto value = [&](const char* key) {
      return number_cell(day ? date(c[key].number()) : number(c[key].number()));
    };
    rows << element("tr", {{"class", status.rfind("dropped", 0) == 0 ? "loud" : ""}},
                    row_heading(text(c["name"].line())) + cell(c["kind"].line()) + cell(c["role"].line()) +
                        cell(status) + number_cell(percent(c["missing"].number() / n)) +
                        number_cell(number(c["infinite"].number())) + value("min") + value("mean") + value("max"));
  }
  Html out = table("Columns",
                   {{"Column"},
                    {"Kind"},
                    {"Role"},
                    {"Status"},
                    {"Missing", true},
                    {"Infinite", true},
                    {"Least", true},
                    {"Mean", true},
                    {"Most", true}},
                   rows);
  if (shown < all.size())
    out << note("The first " + std::to_string(shown) + " of " + number(static_cast<double>(all.size())) +
                " columns; data_quality.json has all.");
  return details(counted(static_cast<double>(all.size()), "column", "columns") + " as they were found", out,
                 all.size() <= 30);
}

Html dropped(const ReportData& data) {
  Html items;
  for (const Node& c : data.quality["dropped_columns"].elements()) {
    const std::string reason = c["reason"].line();
    items << element("li", c.is_object()
                               ? element("strong", text(c["name"].line())) + text(reason.empty() ? "" : ": " + reason)
                               : element("strong", text(c.line())));
  }
  return items.empty() ? Html() : element("h3", "Dropped columns"_html) + element("ul", items);
}

Html events(const ReportData& data) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& [key, value] : data.quality["events"].members()) {
    std::string words = key;
    std::replace(words.begin(), words.end(), '_', ' ');
    pairs.emplace_back(words, value.is_number() ? number(value.number()) : value.line());
  }
  return pairs.empty() ? Html() : element("h3", "Event log"_html) + definitions(pairs);
}

}  // namespace

Html chart_quality(const ReportData& data) {
  return tiles(data) + checks(data) + reasons(data) + dropped(data) + events(data) + columns(data);
}

}  // namespace clientele::page
