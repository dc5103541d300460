// One self-contained HTML page for people: sizes, heat map of centroids, the choice of k, profiles, data quality, how
// the run went.
#pragma once

#include <string>

#include "clientele/base/json.h"

namespace clientele {

/// The page is made from the published JSON alone, so that `clientele report RUN` gives the same page again.
struct ReportInput {
  Json run;           ///< run.json
  Json profiles;      ///< profiles.json
  Json data_quality;  ///< data_quality.json
};

/// Complete HTML document, UTF-8, no external resource, no script needed to read it. All text from data is escaped.
std::string report_html(const ReportInput& input);

}  // namespace clientele
