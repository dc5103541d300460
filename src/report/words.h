// What stands out about a segment, in words.
#pragma once

#include <vector>

#include "html.h"
#include "report_data.h"

namespace clientele::page {

struct Finding {
  double strength = 0;  ///< |Cohen's d|, |z| where that is missing, |Cohen's h| for category shares
  bool above = false;
  Html sentence;
};

/// The strongest differences from everyone, at most `most`, strongest first, those below 0.2 left out.
std::vector<Finding> findings(const ReportData& data, const Segment& segment, size_t most);

/// Two plain sentences for the head of the page.
Html summary(const ReportData& data);

}  // namespace clientele::page
