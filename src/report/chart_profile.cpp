#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "charts.h"
#include "numbers.h"
#include "widgets.h"

namespace clientele::page {

namespace {

constexpr double kPaper = 160;      // width of a whisker drawing
constexpr size_t kMostRows = 1500;  // rows of all profile tables together

struct Quantile {
  double probability, value;
};

std::vector<Quantile> quantiles_of(const Node& profile) {
  std::vector<Quantile> quantiles;
  for (const auto& [key, node] : profile["quantiles"].members()) {
    double p = NAN;
    std::from_chars(key.data(), key.data() + key.size(), p);
    const double value = node.number();
    if (p >= 0 && p <= 1 && std::isfinite(value)) quantiles.push_back({p, value});
  }
  std::sort(quantiles.begin(), quantiles.end(),
            [](const Quantile& a, const Quantile& b) { return a.probability < b.probability; });
  return quantiles;
}

double at(const std::vector<Quantile>& quantiles, double probability) {
  for (const Quantile& q : quantiles)
    if (std::fabs(q.probability - probability) < 1e-9) return q.value;
  return NAN;
}

// One scale for a column in all segments: the range of everybody's quantiles; square roots where it is very skewed.
struct Scale {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();
  bool root = false;
  double everyone = NAN;  // population median

  double place(double v) const {
    if (!(high > low)) return kPaper / 2;
    const double f = (v / 2 - low / 2) / (high / 2 - low / 2);
    return 4 + (kPaper - 8) * (root ? std::sqrt(std::max(f, 0.0)) : f);
  }
};

Scale scale_of(const ReportData& data, size_t index) {
  const NumberColumn& column = data.numbers[index];
  Scale s;
  const auto widen = [&](const Node& profile) {
    for (const Quantile& q : quantiles_of(profile))
      s.low = std::min(s.low, q.value), s.high = std::max(s.high, q.value);
  };
  widen(column.population);
  for (const Segment& segment : data.segments) widen(segment.numbers[index]);
  s.everyone = at(quantiles_of(column.population), 0.5);
  s.root = std::isfinite(s.everyone) && s.high > s.low && (s.everyone - s.low) < 0.1 * (s.high - s.low);
  return s;
}

Html stroke(double x1, double y1, double x2, double y2, const char* css) {
  return leaf(
      "line",
      {{"class", css}, {"x1", coordinate(x1)}, {"y1", coordinate(y1)}, {"x2", coordinate(x2)}, {"y2", coordinate(y2)}});
}

Html whisker(const std::vector<Quantile>& quantiles, const Scale& scale, const NumberColumn& column) {
  if (quantiles.empty()) return text("–");
  std::string tip;
  for (const Quantile& q : quantiles)
    tip += (tip.empty() ? "" : ", ") + percent(q.probability) + ": " + column.show(q.value);
  Html svg = element("title", text(tip));
  if (std::isfinite(scale.everyone))
    svg << stroke(scale.place(scale.everyone), 0, scale.place(scale.everyone), 20, "everyone");
  svg << stroke(scale.place(quantiles.front().value), 10, scale.place(quantiles.back().value), 10, "whisker");
  const double q25 = at(quantiles, 0.25), q50 = at(quantiles, 0.5), q75 = at(quantiles, 0.75);
  if (std::isfinite(q25) && std::isfinite(q75)) {
    const double x = scale.place(q25);
    svg << leaf("rect", {{"class", "box"},
                         {"x", coordinate(x)},
                         {"y", "4"},
                         {"width", coordinate(std::max(1.0, scale.place(q75) - x))},
                         {"height", "12"},
                         {"rx", "2"}});
  }
  if (std::isfinite(q50)) svg << stroke(scale.place(q50), 3, scale.place(q50), 17, "median");
  return element("svg", {{"class", "whiskers"}, {"viewBox", "0 0 160 20"}, {"role", "img"}, {"aria-label", tip}}, svg);
}

Html number_row(const NumberColumn& column, const Node& profile, const Scale& scale) {
  const std::vector<Quantile> quantiles = quantiles_of(profile);
  Html name = text(column.name);
  if (!column.unit.empty()) name << " "_html << element("span", {{"class", "unit"}}, text(column.unit));
  if (!column.clustered) name << " "_html << element("span", {{"class", "tag"}}, "described only"_html);
  // A ratio of dates, or of values on both sides of zero, says nothing.
  const bool comparable =
      column.kind != "time" && !(profile["mean"].number() < 0) && !(column.population["mean"].number() < 0);
  const double missing = profile["missing"].number(), present = profile["present"].number();
  return element("tr", row_heading(name) + number_cell(column.show(profile["mean"].number())) +
                           number_cell(column.show(column.population["mean"].number())) +
                           number_cell(column.show(at(quantiles, 0.5))) +
                           element("td", {{"class", "spread"}}, whisker(quantiles, scale, column)) +
                           number_cell(times(comparable ? profile["lift"].number() : NAN)) +
                           number_cell(signed_score(profile["effect"].number())) +
                           number_cell(signed_score(profile["z"].number())) +
                           number_cell(percent(missing / (missing + present))));
}

Html number_table(const ReportData& data, const Segment& segment, const std::vector<Scale>& scales, size_t most) {
  struct Row {
    size_t column;
    double strength;
  };
  std::vector<Row> order;
  for (size_t i = 0; i < data.numbers.size(); ++i) {
    const Node profile = segment.numbers[i];
    if (!profile.present()) continue;
    const double strength = std::fabs(profile["effect"].number(profile["z"].number()));
    order.push_back({i, std::isfinite(strength) ? strength : -1});
  }
  if (order.empty()) return {};
  std::stable_sort(order.begin(), order.end(), [](const Row& a, const Row& b) { return a.strength > b.strength; });
  const size_t shown = std::min(order.size(), most);
  Html rows;
  for (size_t i = 0; i < shown; ++i) {
    const NumberColumn& column = data.numbers[order[i].column];
    rows << number_row(column, segment.numbers[order[i].column], scales[order[i].column]);
  }
  Html out =
      table("Numbers",
            {{"Column"},
             {"Mean", true},
             {"Everyone", true, "Mean of all segmented clients"},
             {"Median", true},
             {"Spread", false, "Whiskers: outer quantiles; box: middle half; tick: median; dotted: median of everyone"},
             {"Lift", true, "Mean over everyone's mean"},
             {"Effect", true, "Cohen's d against the other segments"},
             {"z", true, "Standard deviations from everyone's mean"},
             {"Missing", true}},
            rows, "profile");
  if (shown < order.size())
    out << note("The " + std::to_string(shown) + " columns that differ most, of " +
                number(static_cast<double>(order.size())) + "; profiles.csv has all.");
  return out;
}

Html category_lists(const ReportData& data, const Segment& segment) {
  Html lists;
  for (const std::string& column : data.categories) {
    Html rows;
    for (const Node& c : segment.profile["categories"][column].elements()) {
      const double share = c["share"].number();
      rows << element("tr", row_heading(text(c["category"].present() ? c["category"].line() : "–")) +
                                element("td", {{"class", "wide"}}, bar(share)) + number_cell(percent(share)) +
                                number_cell(times(c["lift"].number())));
    }
    lists << element("div", {{"class", "category"}},
                     rows.empty() ? element("p", {{"class", "note"}}, text(column + ": no values."))
                                  : table(column, {{"Category"}, {""}, {"Share", true}, {"Lift", true}}, rows, "bars"));
  }
  return lists.empty() ? Html() : element("div", {{"class", "categories"}}, lists);
}

}  // namespace

Html chart_profile(const ReportData& data) {
  if (data.segments.empty()) return {};
  std::vector<Scale> scales;
  for (size_t i = 0; i < data.numbers.size(); ++i) scales.push_back(scale_of(data, i));
  const size_t most = std::clamp<size_t>(kMostRows / data.segments.size(), 12, 60);
  Html out = note(
      "Whiskers span the outer quantiles, the box holds the middle half, the tick is the median and the dotted line "
      "the median of "
      "everyone; each column has one scale in all segments, a square-root one where it is very skewed. Strongest "
      "effects first." +
      std::string(data.weighted ? " Means, quantiles, effects and shares are weighted." : ""));
  for (const Segment& s : data.segments) {
    Html body = number_table(data, s, scales, most) + category_lists(data, s);
    if (body.empty()) body = note("Nothing to describe.");
    const Html head =
        element("summary", segment_label(s, false) + " "_html +
                               element("span", {{"class", "note"}}, text(percent(s.share) + " · " + number(s.rows))));
    out << element(
        "details",
        {{"class", "segment-profile"}, {"id", "profile-" + s.id}, {"open", data.segments.size() <= 12 ? "open" : ""}},
        head + body);
  }
  return out;
}

}  // namespace clientele::page
