// Scoring clients with a saved model: the model's transforms and one publishing pass, nothing fitted.
#pragma once

#include <filesystem>
#include <string>

#include "job.h"
#include "pipeline.h"

namespace clientele {

struct AssignRequest {
  std::string model;  ///< model.h5
  Job job;  ///< where the clients are ([input], [events], [behaviour]), [output] and [run]; nothing else of it counts
};

/// Publishes segments.h5ad, segments.csv on request and run.json. Rows whose values are infinite, or missing where the
/// model has no value to impute, are excluded with the reason; unseen categories count as missing, with a warning. On
/// the file of the fit the labels are the fit's, byte for byte.
RunOutcome assign_clients(const AssignRequest& request, bool force, Progress& progress);

}  // namespace clientele
