#include "words.h"

#include <algorithm>
#include <cmath>

#include "numbers.h"

namespace clientele::page {

namespace {

constexpr double kNoticeable = 0.2, kMedium = 0.5,
                 kLarge = 1.2;  // Cohen's small and medium; "far" is above his large (0.8)

std::string degree(double strength, bool above) {
  const std::string side = above ? "above average" : "below average";
  if (strength >= kLarge) return "far " + side;
  return strength >= kMedium ? side : "slightly " + side;
}

std::string with_unit(const NumberColumn& column, double value) {
  return column.show(value) + (column.unit.empty() || !std::isfinite(value) ? "" : " " + column.unit);
}

Finding number_finding(const NumberColumn& column, const Node& profile) {
  const double effect = profile["effect"].number(profile["z"].number());
  if (!std::isfinite(effect)) return {};
  Finding f{std::fabs(effect), effect > 0, {}};
  const double mean = profile["mean"].number(), everyone = column.population["mean"].number();
  f.sentence = element("strong", text(column.name)) + " "_html + text(degree(f.strength, f.above));
  if (std::isfinite(mean) && std::isfinite(everyone))
    f.sentence << text(": " + with_unit(column, mean) + " against " + with_unit(column, everyone));
  const double lift = profile["lift"].number();
  if (column.kind != "time" && column.kind != "flag" && mean > 0 && everyone > 0 && std::isfinite(lift))
    f.sentence << text(" (" + times(lift) + ")");
  return f;
}

double cohens_h(double share, double usual) {
  return 2 * std::asin(std::sqrt(std::clamp(share, 0.0, 1.0))) - 2 * std::asin(std::sqrt(std::clamp(usual, 0.0, 1.0)));
}

double missing_share(const Node& profile) {
  const double missing = profile["missing"].number();
  return missing / (missing + profile["present"].number());
}

// Columns that the segment lacks more often than others do: one finding for all of them, named after the strongest.
Finding missing_finding(const ReportData& data, const Segment& segment) {
  Finding f;
  size_t strongest = 0, count = 0;
  for (size_t i = 0; i < data.numbers.size(); ++i) {
    const double h = cohens_h(missing_share(segment.numbers[i]), missing_share(data.numbers[i].population));
    if (!(h >= kMedium)) continue;
    ++count;
    if (h > f.strength) strongest = i, f.strength = h;
  }
  if (count == 0) return f;
  const NumberColumn& column = data.numbers[strongest];
  f.above = true;
  f.sentence =
      element("strong", text(column.name)) + text(" missing: " + percent(missing_share(segment.numbers[strongest])) +
                                                  " against " + percent(missing_share(column.population)));
  if (count > 1)
    f.sentence << text(" (and " + counted(static_cast<double>(count - 1), "more column", "more columns") + ")");
  return f;
}

Finding category_finding(const std::string& column, const Node& category) {
  const double share = category["share"].number(), lift = category["lift"].number();
  if (!(share >= 0 && share <= 1) || !(lift > 1)) return {};
  const double usual = share / lift;
  Finding f{cohens_h(share, usual), true, {}};
  f.sentence = element("strong", text(column + " = " + category["category"].text("–"))) +
               text(": " + percent(share) + " against " + percent(usual) + " (" + times(lift) + ")");
  return f;
}

// How sure one can be that the segments are there at all (Kaufman and Rousseeuw's reading of the average silhouette).
std::string separation_words(const Node& result) {
  for (const char* metric : {"silhouette", "simplified_silhouette"})
    for (const Node& score : result["scores"].elements()) {
      const double s = score["value"].number();
      if (score["metric"].text() != metric || !std::isfinite(s)) continue;
      const char* words = s > 0.7    ? "clearly separated"
                          : s > 0.5  ? "reasonably separated"
                          : s > 0.25 ? "overlapping"
                                     : "hardly separated";
      return "the segments are " + std::string(words) + " (silhouette " + hundredths(s) + ")";
    }
  return "";
}

std::string strongest_features(const ReportData& data) {
  std::vector<std::pair<double, std::string>> features;
  for (const Node& f : data.profiles["features"].elements()) {
    const double importance = f["importance"].number();
    if (importance > 0) features.emplace_back(importance, f["name"].text());
  }
  std::stable_sort(features.begin(), features.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::string words;
  for (size_t i = 0; i < std::min<size_t>(features.size(), 2); ++i)
    words += (words.empty() ? "" : " and ") + shorten(features[i].second, 60);
  return words;
}

/// How many of the segments come back in resamples.
Html stability_sentence(const ReportData& data) {
  const std::vector<Node> words = data.result["stability"]["words"].elements();
  if (data.segments.size() < 2 || words.size() != data.segments.size()) return {};
  double stable = 0, unstable = 0, known = 0;
  for (const Node& word : words) {
    stable += word.text() == "stable" ? 1 : 0;
    unstable += word.text() == "unstable" ? 1 : 0;
    known += word.text() == "unknown" ? 0 : 1;
  }
  if (known == 0) return text(" Whether they come back when drawn anew cannot be told: they have too few clients.");
  const bool told = known == static_cast<double>(words.size());
  std::string tell = " Drawn anew, " + (stable == known ? "all" : number(stable) + " of " + number(known)) +
                     (told ? " of them" : " with enough clients to tell") + " come back as they are";
  if (unstable > 0) tell += " and " + number(unstable) + (unstable == 1 ? " does not" : " do not") + " come back";
  return text(tell + ".");
}

}  // namespace

std::vector<Finding> findings(const ReportData& data, const Segment& segment, size_t most) {
  std::vector<Finding> all;
  if (data.segments.size() < 2) return all;
  for (size_t i = 0; i < data.numbers.size(); ++i) all.push_back(number_finding(data.numbers[i], segment.numbers[i]));
  all.push_back(missing_finding(data, segment));
  for (const std::string& column : data.categories)
    for (const Node& category : segment.profile["categories"][column].elements())
      all.push_back(category_finding(column, category));
  std::erase_if(all, [](const Finding& f) { return !(f.strength >= kNoticeable); });
  std::stable_sort(all.begin(), all.end(), [](const Finding& a, const Finding& b) { return a.strength > b.strength; });
  if (all.size() > most) all.resize(most);
  return all;
}

Html summary(const ReportData& data) {
  const Segment *largest = nullptr, *smallest = nullptr;
  for (const Segment& s : data.segments) {
    if (!std::isfinite(s.share)) continue;
    if (largest == nullptr || s.share > largest->share) largest = &s;
    if (smallest == nullptr || s.share < smallest->share) smallest = &s;
  }
  const double kept = data.run["rows"]["kept"].number(data.quality["kept_rows"].number());
  const double k = data.result["k"].number(static_cast<double>(data.segments.size()));
  Html out = text((std::isfinite(kept) ? counted(kept, "client was", "clients were") : std::string("Clients were")) +
                  " sorted into ") +
             element("strong", text(counted(k, "segment", "segments")));
  if (largest != nullptr && smallest != largest) {
    out << "; the largest, "_html << element("em", text(shorten(largest->name, 80)))
        << text(", holds " + percent(largest->share))
        << text(data.weighted ? " of their weight and the smallest, " : " of them and the smallest, ")
        << element("em", text(shorten(smallest->name, 80))) << text(", " + percent(smallest->share));
  }
  out << ". "_html;
  const std::string separation = data.segments.size() > 1 ? separation_words(data.result) : "";
  const std::string features = data.segments.size() > 1 ? strongest_features(data) : "";
  if (!features.empty()) out << "What sets them apart most is "_html << element("strong", text(features));
  if (!features.empty() && !separation.empty()) out << "; "_html << text(separation);
  if (features.empty() && !separation.empty()) out << "By the usual reading "_html << text(separation);
  if (!features.empty() || !separation.empty()) out << "."_html;
  out << stability_sentence(data);
  if (features.empty() && separation.empty() && data.segments.size() == 1)
    out << "With a single segment there is nothing to compare."_html;
  return out;
}

}  // namespace clientele::page
