#include "job_resolve.h"

#include <filesystem>

#include "clientele/base/errors.h"
#include "display.h"
#include "job_file.h"
#include "job_layers.h"

namespace clientele {
namespace {

namespace fs = std::filesystem;

/// Resolves one path value: relative to the job file's folder when it came from there.
std::string resolve_path(const std::string& path, const Origin& origin, const fs::path& job_folder) {
  if (path.empty() || fs::path(path).is_absolute()) return path;
  return origin.layer == Layer::job_file ? (job_folder / path).lexically_normal().string() : path;
}

void resolve_paths(BoundJob& bound, const fs::path& job_folder) {
  Job& job = bound.job;
  for (std::string& file : job.input.file) file = resolve_path(file, bound.origins["input.file"], job_folder);
  for (std::string& file : job.events.file) file = resolve_path(file, bound.origins["events.file"], job_folder);
  if (job.cluster.given_start())
    job.cluster.init = resolve_path(job.cluster.init, bound.origins["cluster.init"], job_folder);
  job.run.scratch = resolve_path(job.run.scratch, bound.origins["run.scratch"], job_folder);
  job.output.folder = resolve_path(job.output.folder, bound.origins["output.folder"], job_folder);
}

/// The values of one Spec as JSON.
class Echo : public SpecVisitor {
 public:
  Json values = Json::object();

  void field(const FieldInfo& info, bool& value) override { values[info.name] = value; }
  void field(const FieldInfo& info, int64_t& value) override { values[info.name] = value; }
  void field(const FieldInfo& info, double& value) override { values[info.name] = value; }
  void field(const FieldInfo& info, std::string& value) override { values[info.name] = value; }
  void field(const FieldInfo& info, std::vector<std::string>& value) override { values[info.name] = value; }
  void field(const FieldInfo& info, std::vector<int64_t>& value) override { values[info.name] = value; }
  void field(const FieldInfo& info, std::vector<double>& value) override { values[info.name] = value; }
  void choice(const FieldInfo& info, int& index) override {
    values[info.name] = info.choices.at(static_cast<size_t>(index));
  }
};

std::string file_name(const std::string& path) {
  return fs::path(path).filename().string();
}

}  // namespace

void refuse_problems(const std::vector<Problem>& problems, const std::string& job_name) {
  if (problems.empty()) return;
  std::string what =
      job_name + " has " + std::to_string(problems.size()) + (problems.size() == 1 ? " problem" : " problems");
  for (const Problem& problem : problems)
    what += "\n  " + (problem.where.empty() ? "" : printable(problem.where) + ": ") + printable(problem.text);
  throw Error(
      ErrorKind::usage,
      {.what = what,
       .where = "",
       .expected = "",
       .found = "",
       .hint = "`clientele run --help` lists every key with its range; `clientele validate` checks the file alone."});
}

BoundJob resolve_job(const JobRequest& request) {
  std::vector<Problem> problems;
  std::vector<Setting> settings = read_job_file(request.file, problems);
  for (const std::vector<Setting>& layer :
       {environment_settings(request.environment, problems), set_settings(request.sets, problems), request.flags})
    settings.insert(settings.end(), layer.begin(), layer.end());
  BoundJob bound = bind_job(settings, problems);
  resolve_paths(bound, fs::path(request.file).parent_path());
  if (bound.job.input.id.empty()) bound.job.input.id = column_with_role(bound.job, ColumnRole::id);
  check_job(bound, request.scope, problems);
  refuse_problems(problems, "the job");
  return bound;
}

Json job_with_origins(const BoundJob& bound) {
  Json sections = Json::object();
  Job job = bound.job;
  each_section(job, [&](const std::string& name, auto& spec) {
    Echo echo;
    spec.visit(echo);
    for (auto& [key, value] : echo.values.items()) {
      const auto origin = bound.origins.find(name + "." + key);
      sections[name][key] = {{"value", value},
                             {"origin", origin == bound.origins.end() ? "default" : origin->second.text}};
    }
  });
  return sections;
}

Json job_values(const Job& whole) {
  Job job = whole;
  for (std::string& file : job.input.file) file = file_name(file);
  for (std::string& file : job.events.file) file = file_name(file);
  if (job.cluster.given_start()) {
    const StartFile start = start_file(job.cluster.init);
    job.cluster.init = file_name(start.file) + (start.dataset.empty() ? "" : ":" + start.dataset);
  }
  Json sections = Json::object();
  each_section(job, [&](const std::string& name, auto& spec) {
    if (name == "run" || name == "output") return;
    Echo echo;
    spec.visit(echo);
    sections[name] = std::move(echo.values);
  });
  return sections;
}

}  // namespace clientele
