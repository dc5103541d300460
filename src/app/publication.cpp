#include "publication.h"

#include <algorithm>
#include <filesystem>

#include "clientele/base/cancel.h"
#include "clientele/base/errors.h"
#include "clientele/prep/clean.h"
#include "clientele/report/report.h"

namespace clientele {

namespace {

namespace fs = std::filesystem;

constexpr size_t kNamesShown = 5;

[[noreturn]] void refuse(const fs::path& folder, const std::string& expected, const std::string& found,
                         const std::string& hint) {
  throw Error(ErrorKind::files, {.what = "the output folder is left untouched",
                                 .where = folder.string(),
                                 .expected = expected,
                                 .found = found,
                                 .hint = hint});
}

/// run.json itself, or what a run or `clientele report` published, finished or not.
bool listed(const fs::directory_entry& entry, const Json& sums) {
  std::error_code failed;
  if (fs::is_directory(entry.symlink_status(failed))) return false;
  const std::string name = entry.path().filename().string();
  if (name == kMarker || sums.contains(name)) return true;
  const std::string next = ".next";
  if (name.size() <= next.size() + 1 || name.front() != '.' || !name.ends_with(next)) return false;
  const std::string whole = name.substr(1, name.size() - 1 - next.size());
  return whole == kMarker || sums.contains(whole);
}

void check_replaceable(const fs::path& folder, const std::string& kind) {
  const Json run = Json::parse(read_text(folder / kMarker), nullptr, false);
  const bool ours = run.is_object() && run.contains("schema") && run["schema"].is_number_integer() &&
                    run.contains("program") && run["program"].is_object() &&
                    run["program"].value("name", Json()) == "clientele" && run.contains("checksums") &&
                    run["checksums"].is_object();
  if (!ours)
    refuse(folder, std::string("a folder that clientele published, with its ") + kMarker,
           std::string("a ") + kMarker + " that clientele did not write",
           "Choose another output folder, or remove this one.");
  const std::string found = run.value("kind", Json()).is_string() ? run["kind"].get<std::string>() : "";
  if (found != kind)
    refuse(folder, "an earlier result of `clientele " + kind + "`",
           found.empty() ? "one of unknown kind" : "one of `clientele " + found + "`",
           "Choose another output folder: the two kinds of result never replace each other.");
  std::vector<std::string> added;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (!listed(entry, run["checksums"])) added.push_back(entry.path().filename().string());
  if (added.empty()) return;
  std::sort(added.begin(), added.end());
  std::string names;
  for (size_t i = 0; i < std::min(added.size(), kNamesShown); ++i) names += (i == 0 ? "" : ", ") + added[i];
  if (added.size() > kNamesShown) names += " and " + std::to_string(added.size() - kNamesShown) + " more";
  refuse(folder, std::string("nothing but the files that ") + kMarker + " lists", "also " + names,
         "They would be lost with the earlier result: move them elsewhere, or choose another output folder.");
}

}  // namespace

FolderCheck replaceable_by(const std::string& kind) {
  return [kind](const fs::path& folder) { check_replaceable(folder, kind); };
}

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
  file.outlier_distance = model.outlier_distance;
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
