#include <cmath>

#include "charts.h"
#include "numbers.h"
#include "widgets.h"
#include "words.h"

namespace clientele::page {

namespace {

Html list_of(const std::vector<Finding>& found) {
  Html items;
  for (const Finding& f : found) items << element("li", {{"class", f.above ? "up" : "down"}}, f.sentence);
  return element("ul", {{"class", "findings"}}, items);
}

Html card(const ReportData& data, size_t index, size_t most) {
  const Segment& s = data.segments[index];
  Html body = element("h3", segment_label(s, true));
  body << element("p", {{"class", "size"}},
                  element("span", {{"class", "figure"}}, text(percent(s.share))) + " "_html +
                      text(std::isfinite(s.rows) ? counted(s.rows, "client", "clients") : ""));
  body << bar(s.share);
  const std::vector<Finding> found = findings(data, s, most);
  if (!found.empty()) {
    body << list_of(found);
  } else {
    body << note(data.segments.size() < 2 ? "The only segment: it is everyone."
                                          : "Close to the average in every column.");
  }
  const double distance = s.profile["mean_distance"].number(), margin = s.profile["mean_margin"].number();
  if (std::isfinite(distance) || std::isfinite(margin))
    body << note("Mean distance to the centre " + number(distance) + ", mean margin to the next segment " +
                 percent(margin) + ".");
  const std::string word = stability_word(data, index);
  if (!word.empty() && data.segments.size() > 1)
    body << note("Stability: " + word + " (" + hundredths(data.result["stability"]["jaccard"].at(index).number()) +
                 ").");
  return element("article", {{"class", "card"}}, body);
}

}  // namespace

Html chart_cards(const ReportData& data) {
  if (data.segments.empty()) return {};
  Html cards;
  for (size_t i = 0; i < data.segments.size(); ++i) cards << card(data, i, data.segments.size() > 12 ? 3 : 5);
  const Html how =
      data.segments.size() < 2
          ? Html()
          : note("What stands out is each segment's mean against the mean of everyone, strongest difference first.");
  return how + element("div", {{"class", "cards"}}, cards);
}

}  // namespace clientele::page
