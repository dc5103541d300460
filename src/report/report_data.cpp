#include "report_data.h"

#include <cmath>
#include <utility>

#include "numbers.h"

namespace clientele::page {

namespace {

struct MetricWords {
  const char* metric;
  const char* title;
  const char* help;
};

constexpr MetricWords kMetrics[] = {
    {"inertia", "Inertia",
     "Sum of squared distances to the segment centres; always falls with k, so look for the bend."},
    {"silhouette", "Silhouette",
     "How much closer a client is to its own segment than to the next, −1 to 1, on a sample; "
     "higher is better."},
    {"simplified_silhouette", "Simplified silhouette",
     "The silhouette measured to the segment centres, −1 to 1, on every client; higher is better."},
    {"squared_silhouette", "Squared silhouette",
     "The silhouette of squared distances, −1 to 1, on every client; higher is better."},
    {"calinski_harabasz", "Calinski-Harabasz",
     "Spread between the segments over spread within them; higher is better."},
    {"davies_bouldin", "Davies-Bouldin", "How much each segment overlaps the one it resembles most; lower is better."},
};

std::vector<Segment> find_segments(const Node& profiles, const Node& result) {
  std::vector<Segment> segments;
  const std::vector<Node> nodes = profiles["segments"].elements();
  double total = 0;
  for (size_t i = 0; i < nodes.size(); ++i) {
    Segment s;
    s.profile = nodes[i];
    const Node id = nodes[i]["segment"];
    s.id = id.present() ? id.line() : std::to_string(i);
    s.name = nodes[i]["name"].text();
    if (s.name.empty()) s.name = "Segment " + s.id;
    s.rows = nodes[i]["rows"].number(result["sizes"].at(i).number());
    s.weight = nodes[i]["weight"].number();
    s.share = nodes[i]["share"].number();
    if (std::isfinite(s.rows)) total += s.rows;
    segments.push_back(std::move(s));
  }
  for (Segment& s : segments)
    if (!std::isfinite(s.share) && total > 0) s.share = s.rows / total;
  return segments;
}

std::vector<NumberColumn> find_numbers(const Node& profiles, const std::map<std::string, std::string>& kinds) {
  Node described = profiles["population"]["numbers"];
  if (described.size() == 0) described = profiles["segments"].at(0)["numbers"];
  std::map<std::string, Node> population;
  for (const auto& [name, node] : profiles["population"]["numbers"].members()) population.emplace(name, node);
  std::vector<NumberColumn> numbers;
  for (const auto& [name, node] : described.members()) {
    const auto kind = kinds.find(name);
    const std::string unit = node["unit"].text();
    numbers.push_back({name, unit == name ? "" : unit, kind == kinds.end() ? "" : kind->second,
                       node["clustered"].truth(true), population[name]});
  }
  return numbers;
}

}  // namespace

std::string NumberColumn::show(double value) const {
  if (kind == "time") return date(value);
  if (kind == "flag") return percent(value);
  return number(value);
}

ReportData::ReportData(const ReportInput& input)
    : run(input.run), profiles(input.profiles), quality(input.data_quality), result(run["result"]) {
  std::map<std::string, std::string> kinds;
  for (const Node& column : quality["columns"].elements()) kinds[column["name"].text()] = column["kind"].text();
  weighted = profiles["weighted"].truth(false);
  segments = find_segments(profiles, result);
  numbers = find_numbers(profiles, kinds);
  for (Segment& s : segments) {
    std::map<std::string, Node> by_name;  // a JSON object is searched from its start: too slow for hundreds of columns
    for (const auto& [name, node] : s.profile["numbers"].members()) by_name.emplace(name, node);
    for (const NumberColumn& column : numbers) s.numbers.push_back(by_name[column.name]);
  }
  Node described = profiles["population"]["categories"];
  if (described.size() == 0) described = profiles["segments"].at(0)["categories"];
  for (const auto& member : described.members()) categories.push_back(member.first);
}

Html segment_label(const Segment& segment, bool link) {
  const Html label = element("span", {{"class", "badge"}}, text(segment.id)) + " "_html +
                     element("span", {{"class", "name"}}, text(segment.name));
  return link ? element("a", {{"class", "segment"}, {"href", "#profile-" + segment.id}}, label)
              : element("span", {{"class", "segment"}}, label);
}

std::string metric_title(const std::string& metric) {
  for (const MetricWords& words : kMetrics)
    if (metric == words.metric) return words.title;
  std::string title = metric;
  for (char& c : title)
    if (c == '_') c = ' ';
  return title;
}

std::string metric_help(const std::string& metric) {
  for (const MetricWords& words : kMetrics)
    if (metric == words.metric) return words.help;
  return "";
}

}  // namespace clientele::page
