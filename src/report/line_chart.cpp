#include <algorithm>
#include <cmath>

#include "numbers.h"
#include "widgets.h"

namespace clientele::page {

namespace {

constexpr double kWidth = 320, kHeight = 180, kLeft = 56, kRight = 14, kTop = 14, kBottom = 34;

// Where data lie on the paper.
struct Frame {
  double x_low, x_high, y_low, y_high;
  bool logarithmic;

  double lift(double y) const { return logarithmic ? std::log1p(std::max(y, 0.0)) : y; }
  double x(double v) const {
    const double span = x_high - x_low;
    return kLeft + (kWidth - kLeft - kRight) * (span > 0 ? (v - x_low) / span : 0.5);
  }
  double y(double v) const {
    const double span = lift(y_high) - lift(y_low);
    return kHeight - kBottom - (kHeight - kTop - kBottom) * (span > 0 ? (lift(v) - lift(y_low)) / span : 0.5);
  }
};

std::vector<LinePoint> finite_points(const std::vector<LinePoint>& points) {
  std::vector<LinePoint> kept;
  for (const LinePoint& p : points)
    if (std::isfinite(p.x) && std::isfinite(p.y) && std::fabs(p.y) < 1e300) kept.push_back(p);
  return kept;
}

bool has_interval(const LinePoint& p) {
  return std::isfinite(p.low) && std::isfinite(p.high) && p.low < p.high;
}

Frame frame_of(const std::vector<LinePoint>& points, bool logarithmic) {
  Frame f{points[0].x, points[0].x, points[0].y, points[0].y, logarithmic};
  for (const LinePoint& p : points) {
    f.x_low = std::min(f.x_low, p.x);
    f.x_high = std::max(f.x_high, p.x);
    f.y_low = std::min({f.y_low, p.y, has_interval(p) ? p.low : p.y});
    f.y_high = std::max({f.y_high, p.y, has_interval(p) ? p.high : p.y});
  }
  if (logarithmic) {
    f.y_low = 0;
  } else {
    const double room = 0.14 * (f.y_high - f.y_low);  // for the label of the chosen point
    f.y_low -= f.y_low >= 0 ? std::min(1.7 * room, f.y_low) : 1.7 * room;
    f.y_high += room;
  }
  return f;
}

Html label(double x, double y, const std::string& css_class, const std::string& anchor, const std::string& data) {
  return element("text", {{"class", css_class}, {"x", coordinate(x)}, {"y", coordinate(y)}, {"text-anchor", anchor}},
                 text(data));
}

Html line(double x1, double y1, double x2, double y2, const std::string& css_class) {
  return leaf("line", {{"class", css_class},
                       {"x1", coordinate(x1)},
                       {"y1", coordinate(y1)},
                       {"x2", coordinate(x2)},
                       {"y2", coordinate(y2)}});
}

// A round step (1, 2 or 5 times a power of ten) that divides the span into three to six parts.
double round_step(double span) {
  const double power = std::pow(10.0, std::floor(std::log10(span / 3)));
  for (const double factor : {5.0, 2.0, 1.0})
    if (span / (factor * power) >= 3) return factor * power;
  return power;
}

std::vector<double> ticks(const Frame& f) {
  if (!(f.y_high > f.y_low)) return {f.y_low};
  std::vector<double> values;
  if (f.logarithmic) {
    values.push_back(0);
    for (double v = 1; v <= f.y_high && values.size() < 40; v *= 10) values.push_back(v);
    while (values.size() > 6) {  // every second power, the zero stays
      std::vector<double> fewer = {0};
      for (size_t i = 1; i < values.size(); i += 2) fewer.push_back(values[i]);
      values = fewer;
    }
    return values;
  }
  const double step = round_step(f.y_high - f.y_low);
  const double first = std::ceil(f.y_low / step - 1e-9);
  for (double i = first; i * step <= f.y_high + 1e-9 * step && values.size() < 10; ++i) values.push_back(i * step);
  return values;
}

// Grid lines at round values, and the first and last x.
Html axes(const Frame& f, const std::string& x_label) {
  Html out;
  for (const double value : ticks(f)) {
    const double y = f.y(value);
    out << line(kLeft, y, kWidth - kRight, y, "grid") << label(kLeft - 6, y + 4, "tick", "end", compact(value));
  }
  out << label(f.x(f.x_low), kHeight - 18, "tick", "middle", number(f.x_low));
  if (f.x_high > f.x_low) out << label(f.x(f.x_high), kHeight - 18, "tick", "middle", number(f.x_high));
  out << label((kLeft + kWidth - kRight) / 2, kHeight - 4, "tick", "middle", x_label);
  return out;
}

// The chosen point with its value, below it where the curve has a trough.
Html mark(const Frame& f, const LinePoint& p, bool trough) {
  const double x = f.x(p.x), y = f.y(p.y);
  Html out = line(x, kTop, x, kHeight - kBottom, "chosen-line");
  out << leaf("circle", {{"class", "chosen"}, {"cx", coordinate(x)}, {"cy", coordinate(y)}, {"r", "5"}});
  const std::string anchor = x > kWidth - 50 ? "end" : x < kLeft + 30 ? "start" : "middle";
  out << label(x, trough ? y + 20 : y - 11, "value", anchor, compact(p.y));
  out << label(x, kHeight - 18, "value", "middle", number(p.x));
  return out;
}

}  // namespace

Html line_chart(const LineChart& chart) {
  const std::vector<LinePoint> points = finite_points(chart.points);
  if (points.empty()) return {};
  const Frame f = frame_of(points, chart.logarithmic);
  Html svg = axes(f, chart.x_label);
  std::string path, description;
  Html dots, intervals;
  for (const LinePoint& p : points) {
    if (!path.empty()) path += ' ';
    path += coordinate(f.x(p.x)) + "," + coordinate(f.y(p.y));
    if (has_interval(p)) intervals << line(f.x(p.x), f.y(p.low), f.x(p.x), f.y(p.high), "interval");
    if (points.size() <= 60) {
      const std::string tip = chart.x_label + " " + number(p.x) + ": " + number(p.y);
      dots << element("circle",
                      {{"class", "dot"}, {"cx", coordinate(f.x(p.x))}, {"cy", coordinate(f.y(p.y))}, {"r", "2.5"}},
                      element("title", text(tip)));
    }
  }
  svg << intervals << leaf("polyline", {{"class", "line"}, {"points", path}}) << dots;
  for (size_t i = 0; i < points.size(); ++i) {
    if (points[i].x != chart.marked_x) continue;
    const double before = i > 0 ? points[i - 1].y : points[i].y,
                 after = i + 1 < points.size() ? points[i + 1].y : points[i].y;
    svg << mark(f, points[i], points[i].y < (before + after) / 2 && points[i].y <= std::min(before, after));
  }
  description = chart.title + ", " + chart.x_label + " " + number(f.x_low) + " to " + number(f.x_high) +
                ", first value " + number(points.front().y) + ", last value " + number(points.back().y);
  const Html drawing = element(
      "svg", {{"class", "line-chart"}, {"viewBox", "0 0 320 180"}, {"role", "img"}, {"aria-label", description}}, svg);
  Html caption = element("strong", text(chart.title));
  if (!chart.help.empty()) caption << " "_html << element("span", {{"class", "note"}}, text(chart.help));
  return element("figure", element("figcaption", caption) + drawing);
}

}  // namespace clientele::page
