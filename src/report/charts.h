// Every part of the page, in page order. A part that has nothing to show (no sweep, no events) draws nothing and is
// left out with its title.
#pragma once

#include <span>

#include "html.h"
#include "report_data.h"

namespace clientele::page {

struct Chart {
  const char* id;  ///< anchor
  const char* title;
  Html (*draw)(const ReportData& data);
};

/// The registry: one line a chart, one chart a file.
std::span<const Chart> charts();

Html chart_cards(const ReportData& data);        ///< each segment: name, size, what stands out, in words
Html chart_sizes(const ReportData& data);        ///< bar chart of segment sizes
Html chart_heatmap(const ReportData& data);      ///< z of every column in every segment
Html chart_importance(const ReportData& data);   ///< bars: how much of each feature's variance lies between segments
Html chart_k(const ReportData& data);            ///< every metric over k, the votes and the reason
Html chart_scores(const ReportData& data);       ///< the published clustering's metrics
Html chart_stability(const ReportData& data);    ///< how much of each segment comes back in resamples
Html chart_profile(const ReportData& data);      ///< per segment tables
Html chart_quality(const ReportData& data);      ///< checks, exclusions, columns
Html chart_run(const ReportData& data);          ///< device, settings, stages, files
Html chart_convergence(const ReportData& data);  ///< inertia and moved rows over the iterations

/// "stable", "pattern", "unstable", or empty where it is not known.
std::string stability_word(const ReportData& data, size_t segment);

}  // namespace clientele::page
