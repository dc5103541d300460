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
  if (logarithmic) f.y_low = 0;
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

// Grid lines with the values at the bottom, middle and top of the frame, and the first and last x.
Html axes(const Frame& f, const std::string& x_label) {
  Html out;
  const double top = f.lift(f.y_high), bottom = f.lift(f.y_low);
  const int steps = top > bottom ? 2 : 0;
  for (int i = 0; i <= steps; ++i) {
    const double lifted = steps == 0 ? bottom : bottom + (top - bottom) * i / steps;
    const double value = f.logarithmic ? std::round(std::expm1(lifted)) : lifted;
    const double y = f.y(value);
    out << line(kLeft, y, kWidth - kRight, y, "grid") << label(kLeft - 6, y + 4, "tick", "end", number(value));
  }
  out << label(f.x(f.x_low), kHeight - 18, "tick", "middle", number(f.x_low));
  if (f.x_high > f.x_low) out << label(f.x(f.x_high), kHeight - 18, "tick", "middle", number(f.x_high));
  out << label((kLeft + kWidth - kRight) / 2, kHeight - 4, "tick", "middle", x_label);
  return out;
}

Html mark(const Frame& f, const LinePoint& p) {
  const double x = f.x(p.x), y = f.y(p.y);
  const bool right = x > kWidth / 2;
  Html out = line(x, kTop, x, kHeight - kBottom, "chosen-line");
  out << leaf("circle", {{"class", "chosen"}, {"cx", coordinate(x)}, {"cy", coordinate(y)}, {"r", "5"}});
  const double above = y < kTop + 20 ? y + 18 : y - 9;
  out << label(x + (right ? -8 : 8), above, "value", right ? "end" : "start", number(p.y));
  if (p.x != f.x_low && p.x != f.x_high) out << label(x, kHeight - 18, "value", "middle", number(p.x));
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
  for (const LinePoint& p : points)
    if (p.x == chart.marked_x) svg << mark(f, p);
  description = chart.title + ", " + chart.x_label + " " + number(f.x_low) + " to " + number(f.x_high) +
                ", first value " + number(points.front().y) + ", last value " + number(points.back().y);
  const Html drawing = element(
      "svg", {{"class", "line-chart"}, {"viewBox", "0 0 320 180"}, {"role", "img"}, {"aria-label", description}}, svg);
  Html caption = element("strong", text(chart.title));
  if (!chart.help.empty()) caption << " "_html << element("span", {{"class", "note"}}, text(chart.help));
  return element("figure", element("figcaption", caption) + drawing);
}

}  // namespace clientele::page
