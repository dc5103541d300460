#include "clientele/base/errors.h"
#include "clientele/base/files.h"
#include "commands.h"
#include "publication.h"
#include "run_lock.h"
#include "stdout_text.h"

namespace clientele {
namespace {

Json read_part(const std::filesystem::path& folder, const char* name) {
  const std::filesystem::path path = folder / name;
  if (!std::filesystem::is_regular_file(path))
    throw Error(ErrorKind::input, {.what = "not the output folder of a run",
                                   .where = folder.string(),
                                   .expected = std::string("a file ") + name,
                                   .found = std::filesystem::exists(folder) ? "none" : "no such folder",
                                   .hint = "Give the folder that `clientele run` published."});
  Json json = Json::parse(read_text(path), nullptr, false);
  if (!json.is_object())
    throw Error(ErrorKind::input, {.what = "a file of the run is damaged",
                                   .where = path.string(),
                                   .expected = "a JSON object",
                                   .found = "something else",
                                   .hint = "Run the job again with --force."});
  return json;
}

/// Writes beside the file, then renames: the name always holds a whole file.
void replace_text(const std::filesystem::path& path, const std::string& text) {
  const std::filesystem::path next = path.parent_path() / ('.' + path.filename().string() + ".next");
  write_text(next, text);
  std::error_code fault;
  std::filesystem::rename(next, path, fault);
  if (fault)
    throw Error(ErrorKind::files,
                {.what = "a file cannot be replaced", .where = path.string(), .found = fault.message()});
}

}  // namespace

int report_command(const CommandLine& line) {
  const std::filesystem::path folder = absolute_folder(line.file);
  Json run = read_part(folder, kMarker);
  const Json profiles = read_part(folder, "profiles.json");
  const Json quality = read_part(folder, "data_quality.json");
  const RunLock lock(folder);
  const std::string page = page_of(run, profiles, quality);
  replace_text(folder / "report.html", page);
  if (const std::string sum = checksum_text(page); run["checksums"].value("report.html", "") != sum) {
    run["checksums"]["report.html"] = sum;
    replace_text(folder / kMarker, json_text(run));
  }
  write_stdout((folder / "report.html").string() + '\n');
  return 0;
}

}  // namespace clientele
