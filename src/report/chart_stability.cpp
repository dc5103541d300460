#include <cmath>

#include "charts.h"
#include "numbers.h"
#include "widgets.h"

namespace clientele::page {

namespace {

std::string meaning(const std::string& word) {
  if (word == "stable") return "Stable: it comes back nearly as it is when other clients are drawn.";
  if (word == "pattern")
    return "A pattern: it comes back, but its border moves. Treat clients near the border with care.";
  if (word == "unstable") return "Unstable: other clients give another segment. Do not build on it.";
  return "Too few of its clients in the sample to tell.";
}

}  // namespace

std::string stability_word(const ReportData& data, size_t segment) {
  const std::string word = data.result["stability"]["words"].at(segment).text();
  return word == "unknown" ? "" : word;
}

Html chart_stability(const ReportData& data) {
  const Node stability = data.result["stability"];
  if (data.segments.size() < 2 || stability["jaccard"].size() != data.segments.size()) return {};
  Html rows;
  for (size_t i = 0; i < data.segments.size(); ++i) {
    const double value = stability["jaccard"].at(i).number();
    const std::string word = stability["words"].at(i).text();
    rows << element("tr", {{"class", word == "unstable" ? "loud" : ""}},
                    row_heading(segment_label(data.segments[i], true)) +
                        element("td", {{"class", "wide"}}, std::isfinite(value) ? bar(value) : Html()) +
                        number_cell(hundredths(value)) + cell(meaning(word)));
  }
  const std::string how = "A sample of " + counted(stability["rows"].number(), "client", "clients") +
                          " was drawn anew " + counted(stability["resamples"].number(), "time", "times") +
                          " and segmented again each time. The figure is how much of a segment came back (mean Jaccard "
                          "similarity): 1 is all of it, a half or less is no better than chance.";
  return note(how) + table("Does each segment come back?",
                           {{"Segment"}, {"Stability"}, {"0 to 1", true}, {"What it means"}}, rows, "bars stability");
}

}  // namespace clientele::page
