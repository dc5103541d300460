#include "publication.h"

#include "clientele/base/cancel.h"
#include "clientele/prep/clean.h"
#include "clientele/report/report.h"

namespace clientele {

std::string json_text(const Json& json) {
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + '\n';
}

SegmentsFile segments_file(const Model& model, const SegmentRows& rows, const Json& profiles,
                           const Json& portable_run) {
  SegmentsFile file;
  file.rows = rows;
  file.segment_names = model.segment_names;
  file.exclusion_reasons = exclusion_names();
  for (const Feature& feature : model.space.features) {
    file.feature_names.push_back(feature.name);
    file.feature_sources.push_back(model.space.schema.columns[static_cast<size_t>(feature.transform.source)].name);
    file.feature_blocks.push_back(feature.block);
  }
  file.profiles = profiles;
  file.run = portable_run;
  return file;
}

void write_result(const StagedFolder& folder, const SegmentsFile& segments, const Model& model,
                  const Publication& publication, ThreadPool& pool) {
  write_segments_h5ad(folder.path() / "segments.h5ad", segments, pool);
  check_cancel();
  if (publication.csv) write_segments_csv(folder.path() / "segments.csv", segments);
  check_cancel();
  write_model(folder.path() / "model.h5", model);
  write_text(folder.path() / "profiles.json", json_text(publication.profiles));
  write_text(folder.path() / "profiles.csv", publication.profiles_csv);
  write_text(folder.path() / "data_quality.json", json_text(publication.data_quality));
}

std::string page_of(const Json& run, const Json& profiles, const Json& data_quality) {
  ReportInput input{run, profiles, data_quality};
  if (input.run.contains("checksums")) input.run["checksums"].erase("report.html");
  return report_html(input);
}

void publish_run(StagedFolder& folder, Json& run, const Publication& publication) {
  Json sums = Json::object();
  for (const auto& [name, sum] : folder.checksums()) sums[name] = sum;
  run["checksums"] = sums;
  const std::string page = page_of(run, publication.profiles, publication.data_quality);
  write_text(folder.path() / "report.html", page);
  run["checksums"]["report.html"] = checksum_text(page);
  write_text(folder.path() / kMarker, json_text(run));
  check_cancel();
  folder.publish();
}

}  // namespace clientele
