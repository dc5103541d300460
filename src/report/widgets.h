// The small pieces that charts are put together from: tables, bars, tiles, lines over an axis.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "html.h"

namespace clientele::page {

/// A header cell: its text and whether the column holds numbers (aligned right).
struct Heading {
  std::string title;
  bool numeric = false;
  std::string help = {};  ///< shown on hover
};

/// Scrolls sideways by itself when it is wider than the page. rows: concatenated <tr> elements.
Html table(const std::string& caption, const std::vector<Heading>& headings, const Html& rows,
           const std::string& css_class = "");
Html cell(const Html& body);
Html cell(const std::string& data);
Html number_cell(const std::string& data);
/// First cell of a row.
Html row_heading(const Html& body);

/// A horizontal bar of `fraction` (0..1) of the width it is given.
Html bar(double fraction);
/// A figure with a label under it.
Html tile(const std::string& figure, const std::string& label, const std::string& note = "");
/// A paragraph in muted ink.
Html note(const std::string& sentence);
/// Something to open.
Html details(const std::string& summary, const Html& body, bool open = false);
/// Term and description pairs; pairs with an empty description are left out.
Html definitions(const std::vector<std::pair<std::string, std::string>>& pairs);

struct LinePoint {
  double x = 0, y = 0;
  double low = 0, high = 0;  ///< interval; equal to y (or NaN) where there is none
};

struct LineChart {
  std::string title;
  std::string help;
  std::string x_label;
  std::vector<LinePoint> points = {};  ///< ascending in x; points without a finite y are gaps
  double marked_x = 0;                 ///< this x is marked as the chosen one; NaN: none
  bool logarithmic = false;            ///< y as log(1 + y), for counts
};

/// One small line chart as inline SVG in a <figure>; empty if no point is finite.
Html line_chart(const LineChart& chart);

}  // namespace clientele::page
