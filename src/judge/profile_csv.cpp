#include "clientele/judge/profile.h"
#include "number_text.h"

namespace clientele {

namespace {

/// RFC 4180.
std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out(1, '"');
  for (const char c : text) {
    if (c == '"') out += c;
    out += c;
  }
  out += '"';
  return out;
}

/// 0.05 -> "q05", 0.999 -> "q99.9".
std::string quantile_name(double probability) {
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, probability * 100, std::chars_format::general, 6).ptr;
  std::string out = end - text == 1 ? "q0" : "q";
  out.append(text, end);
  return out;
}

bool marked(const Profiles& profiles) {
  return !profiles.segments.empty() && profiles.segments[0].outliers >= 0;
}

std::string header(const Profiles& profiles) {
  std::vector<std::string> names = {"segment", "name", "rows"};
  if (profiles.weighted) names.push_back("weight");
  names.insert(names.end(), {"share", "mean_distance", "mean_margin"});
  if (marked(profiles)) names.push_back("outliers");
  for (const std::string& column : profiles.number_columns) {
    for (const char* what : {"_mean", "_z", "_lift", "_effect", "_sd", "_missing"}) names.push_back(column + what);
    for (const double p : profiles.quantile_probabilities) names.push_back(column + "_" + quantile_name(p));
  }
  for (const std::string& column : profiles.category_columns) {
    names.push_back(column + "_top");
    names.push_back(column + "_top_share");
  }
  std::string out;
  for (const std::string& name : names) {
    if (!out.empty()) out += ',';
    out += quoted(name);
  }
  out += '\n';
  return out;
}

std::string line(const SegmentProfile& segment, bool weighted) {
  std::string out = std::to_string(segment.segment) + "," + quoted(segment.name) + "," + std::to_string(segment.rows);
  if (weighted) out += "," + number_text(segment.weight);
  for (const double value : {segment.share, segment.mean_distance, segment.mean_margin})
    out += "," + number_text(value);
  if (segment.outliers >= 0) out += "," + std::to_string(segment.outliers);
  for (const ColumnProfile& column : segment.numbers) {
    for (const double value : {column.mean, column.z, column.lift, column.effect, column.sd})
      out += "," + number_text(value);
    out += "," + std::to_string(column.missing);
    for (const double value : column.quantiles) out += "," + number_text(value);
  }
  for (const std::vector<CategoryShare>& shares : segment.categories)
    out += shares.empty() ? ",," : "," + quoted(shares[0].category) + "," + number_text(shares[0].share);
  return out + "\n";
}

}  // namespace

std::string to_csv(const Profiles& profiles) {
  std::string out = header(profiles);
  for (const SegmentProfile& segment : profiles.segments) out += line(segment, profiles.weighted);
  return out;
}

}  // namespace clientele
