// The files of a result, written into a staged folder and published in one step.
#pragma once

#include <string>
#include <vector>

#include "clientele/base/files.h"
#include "clientele/base/json.h"
#include "clientele/data/model.h"
#include "clientele/data/segments_file.h"

namespace clientele {

inline constexpr const char* kMarker = "run.json";

/// `kind` of run.json: what published the folder.
inline constexpr const char* kRunKind = "run";
inline constexpr const char* kAssignKind = "assign";

/// For StagedFolder: Error{files} unless the folder's run.json is one of clientele's, of this kind, and lists every
/// file that the folder holds. What people put beside the files of a result would be lost with it.
FolderCheck replaceable_by(const std::string& kind);

/// What a run leaves behind besides its rows.
struct Publication {
  Json profiles;  ///< profiles.json
  std::string profiles_csv;
  Json data_quality;  ///< data_quality.json
  bool csv = false;   ///< segments.csv as well
};

/// The file's lists about segments and features, from the model.
SegmentsFile segments_file(const Model& model, const SegmentRows& rows, const Json& profiles, const Json& portable_run);

/// Writes everything but report.html and run.json.
void write_result(const StagedFolder& folder, const SegmentsFile& segments, const Model& model,
                  const Publication& publication, ThreadPool& pool);

/// Checksums of all files so far into run["checksums"], the page from it, the page's checksum, run.json itself, then
/// publish().
void publish_run(StagedFolder& folder, Json& run, const Publication& publication);

/// The page as publish_run makes it: from run.json without the page's own checksum.
std::string page_of(const Json& run, const Json& profiles, const Json& data_quality);

/// JSON as the program writes it into files: indented, with a line end; text that is no UTF-8 is mended.
std::string json_text(const Json& json);

}  // namespace clientele
