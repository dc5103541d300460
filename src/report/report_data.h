// The three published JSON documents, with what several charts need looked up once.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "clientele/report/report.h"
#include "html.h"
#include "node.h"

namespace clientele::page {

struct Segment {
  std::string id;  ///< as in segment_id
  std::string name;
  double rows = 0;    ///< NaN if unknown
  double weight = 0;  ///< sum of the rows' weights; NaN if they have none
  double share = 0;   ///< of the kept rows, by weight; NaN if unknown
  Node profile;
  std::vector<Node> numbers;  ///< its number columns, in the order of ReportData::numbers; absent where it has none
};

/// A number column of profiles.json, in its order.
struct NumberColumn {
  std::string name;
  std::string unit;
  std::string kind;       ///< as in data_quality.json; empty if unknown
  bool clustered = true;  ///< false: described only, it had no part in the segmentation
  Node population;

  /// A value of this column in its own terms: dates for times, percent for flags, else the number.
  std::string show(double value) const;
};

struct ReportData {
  explicit ReportData(const ReportInput& input);

  Node run, profiles, quality, result;
  bool weighted = false;  ///< rows have weights
  std::vector<Segment> segments;
  std::vector<NumberColumn> numbers;
  std::vector<std::string> categories;  ///< names of the category columns
};

/// "0 · Frequent" with the id as a badge; links to the segment's profile.
Html segment_label(const Segment& segment, bool link);
/// Readable name of a metric: "silhouette" -> "Silhouette", "calinski_harabasz" -> "Calinski-Harabasz".
std::string metric_title(const std::string& metric);
/// One sentence on how to read it; empty for unknown ones.
std::string metric_help(const std::string& metric);

}  // namespace clientele::page
